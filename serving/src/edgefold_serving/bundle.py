"""A bundle: read, verified and scored."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import numpy as np
import numpy.typing as npt
from edgefold_reducer.canonical import parse_json

from .errors import BundleExpired, InvalidBundle, InvalidRows
from .manifest import FILE, Manifest, parse_manifest
from .onnx_header import check_header
from .rows import Inputs, as_inputs
from .session import Session

SPEC_FILE, VECTORS_FILE = "reducer.json", "vectors.json"
MAX_FILE_BYTES = 1 << 30
_GOLDEN: Mapping[str, type] = {
    "name": str,
    "replica": str,
    "now_ms": int,
    "events": list,
    "attributes": dict,
    "profile": dict,
    "features": dict,
    "probabilities": list,
}


@dataclass(frozen=True)
class Scores:
    """The scores of N rows with C labels.

    ``labels`` (N,) are the predicted labels; ``probabilities`` (N, C) one a label; ``scores`` (N,) the probability of the second of two
    labels, else of the predicted one.
    """

    labels: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files have the sizes and hashes of its manifest, and whose spec and model are those it names.

    Build it by ``Bundle.open`` or ``from_files``. Safe to use from several threads.
    """

    manifest: Manifest
    spec: ef.Spec
    files: Mapping[str, bytes]
    """Every file by name, ``manifest.json`` among them."""

    @classmethod
    def open(cls, path: str | Path) -> Bundle:
        """Read and verify a bundle: a directory, or a ``.zip`` of one.

        Raises:
            InvalidBundle: a file is missing, damaged, or not what the manifest says.
        """
        with _reader(Path(path)) as read:
            return cls.from_files(read)

    @classmethod
    def from_files(cls, read: Callable[[str], bytes]) -> Bundle:
        """Verify a bundle whose files are read by name, ``manifest.json`` first.

        Raises:
            InvalidBundle: as ``open``; ``read`` raises it for a file that is not there.
        """
        manifest_bytes = read(FILE)
        try:
            manifest = parse_manifest(parse_json(manifest_bytes))
        except (ValueError, RecursionError) as error:
            raise InvalidBundle(FILE, str(error), "JSON") from None
        files = {name: read(name) for name in manifest.files} | {FILE: manifest_bytes}
        for name, declared in manifest.files.items():
            found = (len(files[name]), hashlib.sha256(files[name]).hexdigest())
            if found != (declared.bytes, declared.sha256):
                raise InvalidBundle(
                    name, f"{found[0]} bytes, SHA-256 {found[1]}", f"{declared.bytes}, {declared.sha256}"
                )
        for name in (SPEC_FILE, VECTORS_FILE, manifest.model_file):
            if name not in manifest.files:
                raise InvalidBundle(f"{FILE} files", sorted(manifest.files), f"{name} among the files")
        try:
            spec = ef.Spec.from_json(files[SPEC_FILE])
        except (ef.InvalidSpec, RecursionError) as error:
            raise InvalidBundle(SPEC_FILE, str(error), "a reducer spec") from error
        if spec.id != manifest.spec:
            raise InvalidBundle(SPEC_FILE, spec.id, f"the spec {manifest.spec} of the manifest")
        columns = {(column.name, column.type) for column in spec.columns}
        unknown = [feature.name for feature in manifest.features if (feature.name, feature.type) not in columns]
        if unknown:
            raise InvalidBundle(f"{FILE} features", unknown, "features of the spec")
        check_header(manifest, files[manifest.model_file])
        bundle = cls(manifest, spec, files)
        bundle._session  # noqa: B018  # a model that does not load is found now, not at the first score
        return bundle

    def __repr__(self) -> str:
        size = sum(len(content) for content in self.files.values())
        spec = f"{self.spec.name} {self.spec.id[:12]}…"
        return f"<Bundle {self.manifest.name} version {self.manifest.version} of spec {spec}: {size:,} bytes>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave the runtime's session out: it belongs to this process, and is made again from the model."""
        return {name: member for name, member in vars(self).items() if name != "_session"}

    @cached_property
    def _session(self) -> Session:
        return Session(self.manifest, self.files[self.manifest.model_file])

    def score(self, rows: Any) -> Scores:
        """Score rows: a list of feature dicts, as ``features(…)`` gives, or a table with the feature columns.

        Raises:
            InvalidRows: a feature is missing or of a wrong type.
            BundleExpired: the bundle's last moment is past.
        """
        if self.manifest.expired():
            raise BundleExpired(self.manifest.name, str(self.manifest.expires))
        inputs, count = as_inputs(self.manifest, rows)
        if count == 0:
            empty = np.empty(0)
            return Scores(np.array([], dtype=object), np.empty((0, len(self.manifest.labels))), empty)
        index, probabilities = self._session.run(inputs)
        self._check_answered(inputs, probabilities)
        if self.manifest.threshold is not None:
            index = (probabilities[:, 1] >= self.manifest.threshold).astype(np.int32)
        odd = index[(index < 0) | (index >= len(self.manifest.labels))]
        if odd.size:
            raise InvalidBundle(
                f"{self.manifest.model_file} label", int(odd[0]), f"an index into {len(self.manifest.labels)} labels"
            )
        one_type = len({type(label) for label in self.manifest.labels}) == 1
        labels = np.array(self.manifest.labels, dtype=None if one_type else object)[index]  # numpy would make text of 0
        chosen = np.ones(count, dtype=np.int64) if len(self.manifest.labels) == 2 else index
        return Scores(labels, probabilities, probabilities[np.arange(count), chosen])

    def _check_answered(self, inputs: Inputs, probabilities: npt.NDArray[np.float64]) -> None:
        """A model that can't do without some number answers NaN where that is missing, which is no score."""
        if not np.isnan(probabilities).any():
            return
        row = int(np.flatnonzero(np.isnan(probabilities).any(axis=1))[0])
        for feature in self.manifest.features:
            value = inputs[feature.input][row, feature.column]
            if feature.type == "number" and not np.isfinite(value):
                raise InvalidRows(
                    feature.name, float(value), f"a finite number in row {row}: the model has no answer without"
                )
        raise InvalidRows(
            "rows",
            {f.name: inputs[f.input][row, f.column] for f in self.manifest.features},
            "a row that the model answers",
        )

    def vectors(self) -> list[dict[str, Any]]:
        """Return the golden cases.

        Raises:
            InvalidBundle: they are no JSON, of another spec, or a member is of a wrong type.
        """
        try:
            vectors = parse_json(self.files[VECTORS_FILE])
        except (ValueError, RecursionError) as error:
            raise InvalidBundle(VECTORS_FILE, str(error), "JSON") from None
        fits = isinstance(vectors, dict) and vectors.get("spec") == self.spec.id
        if not fits or not isinstance(vectors.get("cases"), list):
            raise InvalidBundle(VECTORS_FILE, vectors, f"golden cases of the spec {self.spec.id}")
        for index, case in enumerate(vectors["cases"]):
            if not isinstance(case, dict) or not all(isinstance(case.get(name), t) for name, t in _GOLDEN.items()):
                raise InvalidBundle(f"{VECTORS_FILE} case {index}", case, "a golden case")
        cases: list[dict[str, Any]] = vectors["cases"]
        return cases


class _reader:  # noqa: N801  # a context manager, used as a function
    """Read files by name from a directory or a zip."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> Callable[[str], bytes]:
        if self._path.is_dir():
            return self._read
        try:
            self._zip = zipfile.ZipFile(self._path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise InvalidBundle(str(self._path), str(error), "a directory, or a .zip of one") from None
        return self._read

    def __exit__(self, *exception: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def _read(self, name: str) -> bytes:
        try:
            if self._zip is None:
                return (self._path / name).read_bytes()
            if self._zip.getinfo(name).file_size > MAX_FILE_BYTES:
                raise InvalidBundle(name, self._zip.getinfo(name).file_size, f"at most {MAX_FILE_BYTES} bytes")
            return self._zip.read(name)
        except InvalidBundle:
            raise
        except Exception as error:  # a damaged zip fails in zipfile, zlib, struct and codecs alike
            raise InvalidBundle(name, repr(error), "a file of the bundle") from None
