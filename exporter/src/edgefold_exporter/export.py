"""``export``: a fitted model and its spec to a verified bundle, or an error and nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import numpy as np
from edgefold_serving import Bundle, verify
from edgefold_serving.manifest import parse_manifest

from .adversarial import POOL, adversarial_rows
from .compile import Compiled, compile_model, split_pipeline
from .errors import InvalidTrainingData
from .graph import NUMBERS, STRINGS, operators_of
from .leaves_device import leaves_device
from .parity import Parity, check_parity, golden_indices
from .reference import Reference, reference_of
from .rows import Rows, as_rows, source_columns
from .vectors import histories, without_nan
from .write import check_target, write_bundle

MANIFEST_FILE, SPEC_FILE, MODEL_FILE, VECTORS_FILE = "manifest.json", "reducer.json", "model.onnx", "vectors.json"


def export(
    model: Any,
    spec: ef.Spec,
    X: Any,  # noqa: N803  # scikit-learn's name
    path: str | Path,
    *,
    y: Any = None,
    name: str | None = None,
    version: int = 1,
    threshold: float | None = None,
    expires: datetime | None = None,
) -> Bundle:
    """Write a bundle of a fitted model, after it has scored every golden and adversarial row as the model does.

    Args:
        model: a fitted scikit-learn classifier, or a Pipeline that ends in one.
        spec: the reducer spec whose features the model was fitted on.
        X: rows that the model was fitted on, or some like them: a table, a list of feature dicts, or an array in the spec's order.
        path: the bundle to write: a directory, or a ``.zip``.
        y: the labels of X; golden rows then hold each of them.
        name: the bundle's name [the spec's].
        version: must be higher than that of a bundle that is at ``path``.
        threshold: predict the second of two labels from this probability on [the model's own rule].
        expires: the bundle scores no more from this time on.

    Raises:
        UnsupportedModel: the model, or an option of it, can't be exported exactly.
        InvalidTrainingData: X or y does not fit the spec and the model.
        ParityError: a row is scored otherwise than by the model.
        BundleExists: ``path`` holds the same or a higher version, or no bundle.
    """
    transformers, classifier = split_pipeline(model)
    rows, markers = as_rows(spec, X)
    reference = reference_of(model, rows, markers, [*transformers, classifier])
    target = check_target(Path(path), name or spec.name, version)
    compiled = compile_model(
        model, source_columns(spec, reference.features, reference.missing), [column.name for column in spec.columns]
    )
    if threshold is not None and (len(classifier.classes_) != 2 or not 0 <= threshold <= 1):
        raise InvalidTrainingData("threshold", threshold, "a probability of 0 .. 1, with two labels")
    if expires is not None and _utc(expires) <= datetime.now(UTC):
        raise InvalidTrainingData("expires", str(expires), "a time to come")
    files = {SPEC_FILE: spec.to_json().encode(), MODEL_FILE: compiled.onnx.SerializeToString()}
    manifest = _manifest(spec, compiled, classifier, name or spec.name, version, expires)
    unchecked = Bundle(parse_manifest(manifest), spec, files)  # scores by the model's own rule, as the model does
    parity = _parity(unchecked, reference, compiled, rows, _labels(y, rows.count, classifier))
    files[VECTORS_FILE] = ef.canonical_json(_vectors(spec, reference, parity.tolerance, threshold))
    manifest |= {
        "threshold": threshold,
        "parity": parity.to_json(),
        "files": {n: {"sha256": hashlib.sha256(c).hexdigest(), "bytes": len(c)} for n, c in files.items()},
    }
    files[MANIFEST_FILE] = ef.canonical_json(manifest)
    write_bundle(target, files, lambda written: verify(Bundle.open(written)))
    return Bundle.open(target)


def _parity(bundle: Bundle, reference: Reference, compiled: Compiled, rows: Rows, labels: Any) -> Parity:
    own = Rows({name: rows.columns[name] for name in reference.features}, rows.count)
    golden = own.take(golden_indices(own.count, labels))
    pool = own.take(np.linspace(0, own.count - 1, min(own.count, POOL)).astype(np.int64))
    return check_parity(bundle, reference, golden, *adversarial_rows(compiled, reference, pool))


def _labels(y: Any, count: int, classifier: Any) -> Any:
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.shape != (count,):
        raise InvalidTrainingData("y", f"of shape {labels.shape}", f"one label for each of the {count} rows of X")
    unknown = [label for label in np.unique(labels).tolist() if label not in classifier.classes_.tolist()]
    if unknown:
        raise InvalidTrainingData("y", unknown, f"the labels of the model: {classifier.classes_.tolist()}")
    return labels


def _manifest(
    spec: ef.Spec, compiled: Compiled, classifier: Any, name: str, version: int, expires: datetime | None
) -> dict[str, Any]:
    labels = classifier.classes_.tolist()
    tensors = ((NUMBERS, "double", compiled.numbers), (STRINGS, "string", compiled.strings))
    places = {name: (tensor, place) for tensor, _, names in tensors for place, name in enumerate(names)}
    features: list[dict[str, Any]] = []
    for column in spec.columns:
        if column.name in places:
            tensor, place = places[column.name]
            default = {} if column.default is None else {"default": column.default}
            features.append({"name": column.name, "type": column.type, "input": tensor, "column": place} | default)
    return {
        "edgefold": 1,
        "name": name,
        "version": version,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expires": None if expires is None else _utc(expires).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "spec": spec.id,
        "model": {
            "file": MODEL_FILE,
            "operators": operators_of(compiled.onnx),
            "inputs": [{"name": n, "type": t, "shape": [None, len(names)]} for n, t, names in tensors if names],
            "outputs": [
                {"name": "label", "type": "int32", "shape": [None]},
                {"name": "probabilities", "type": "double", "shape": [None, len(labels)]},
            ],
        },
        "labels": labels,
        "threshold": None,
        "features": features,
        "files": {},
        "parity": {"tolerance": compiled.tolerance},
        "leaves_device": leaves_device(spec),
        "signature": None,
    }


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _vectors(spec: ef.Spec, reference: Reference, tolerance: float, threshold: float | None) -> dict[str, Any]:
    cases = []
    for case in histories(spec):
        profile = ef.fold(spec, case["events"], replica=case["replica"], unit="ms")
        row = ef.features(spec, profile, case["now_ms"], case["attributes"])
        answers = reference.answers(as_rows(spec, [row])[0])
        if not answers.taken[0]:
            raise InvalidTrainingData(
                "the model", f"refuses {without_nan(row)}", "an answer to every row that the spec can produce"
            )
        index = int(answers.labels[0]) if threshold is None else int(answers.probabilities[0, 1] >= threshold)
        scored: Mapping[str, Any] = {
            "profile": profile.members(),
            "features": without_nan(row),
            "label": reference.model.classes_.tolist()[index],
            "probabilities": answers.probabilities[0].tolist(),
        }
        cases.append({**case, **scored})
    return {"spec": spec.id, "tolerance": tolerance, "cases": cases}
