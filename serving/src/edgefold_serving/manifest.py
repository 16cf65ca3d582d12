"""The manifest: what a bundle says of itself, parsed once from untrusted JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import InvalidBundle

FORMAT = 1
FILE = "manifest.json"
Label = int | str | bool | float
_INPUT_TYPES = {"numbers": "double", "strings": "string"}
_MISSING = "missing"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
"""The ISO 8601 times that every language reads: no weeks, no commas."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of the model; None in ``shape`` is the batch."""

    name: str
    type: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Feature:
    """A feature of the model's input row: its place is ``column`` of the tensor ``input``."""

    name: str
    type: str
    input: str
    column: int


@dataclass(frozen=True)
class File:
    """The content of one file of the bundle."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """A bundle's manifest. ``members`` is the whole of it as JSON."""

    name: str
    version: int
    expires: str | None
    spec: str
    model_file: str
    operators: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    labels: tuple[Label, ...]
    threshold: float | None
    features: tuple[Feature, ...]
    files: Mapping[str, File]
    tolerance: float
    members: Mapping[str, Any]

    def __repr__(self) -> str:
        return (
            f"<Manifest {self.name} version {self.version}: {len(self.features)} features, labels {list(self.labels)}>"
        )

    def expired(self, now: datetime | None = None) -> bool:
        """Whether the bundle's last moment is past."""
        return self.expires is not None and as_time(self.expires) <= (now or datetime.now(UTC))


def as_time(text: str) -> datetime:
    """Return an ISO 8601 time with its zone; a naive one is UTC."""
    if _TIME.fullmatch(text) is None:
        raise ValueError(text)
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def parse_manifest(value: Any) -> Manifest:
    """Return the typed manifest.

    Raises:
        InvalidBundle: names the member, its value, and what was expected.
    """
    members = _object("", value)
    if members.get("edgefold") != FORMAT or members.get("edgefold") is True:
        raise _invalid("edgefold", members.get("edgefold"), f"{FORMAT}, the format that this version reads")
    if members.get("signature", _MISSING) is not None:
        signature = members.get("signature", _MISSING)
        raise _invalid("signature", signature, "null, since this version does not verify signatures")
    model = _object("model", members.get("model"))
    labels = tuple(_list("labels", members.get("labels")))
    if len(labels) < 2 or not all(isinstance(label, Label) for label in labels):
        raise _invalid("labels", list(labels), "two labels or more")
    inputs, outputs = _tensors("model.inputs", model.get("inputs")), _tensors("model.outputs", model.get("outputs"))
    features = tuple(_feature(feature) for feature in _list("features", members.get("features")))
    _check_columns(inputs, features)
    _check_outputs(outputs, len(labels))
    return Manifest(
        name=_text("name", members.get("name")),
        version=_whole("version", members.get("version"), 1),
        expires=_expires(members.get("expires", _MISSING)),
        spec=_text("spec", members.get("spec")),
        model_file=_text("model.file", model.get("file")),
        operators=tuple(
            _text("model.operators", operator) for operator in _list("model.operators", model.get("operators"))
        ),
        inputs=inputs,
        outputs=outputs,
        labels=labels,
        threshold=_threshold(members.get("threshold", _MISSING), len(labels)),
        features=features,
        files={name: _file(name, file) for name, file in _object("files", members.get("files")).items()},
        tolerance=_tolerance(_object("parity", members.get("parity")).get("tolerance")),
        members=members,
    )


def _check_columns(inputs: tuple[Tensor, ...], features: tuple[Feature, ...]) -> None:
    """The features of a tensor fill its columns, each once: otherwise a value would go where no feature is declared."""
    for tensor in inputs:
        if _INPUT_TYPES.get(tensor.name) != tensor.type:
            raise _invalid("model.inputs", [tensor.name, tensor.type], f"one of {_INPUT_TYPES}")
        columns = [feature.column for feature in features if feature.input == tensor.name]
        if sorted(columns) != list(range(len(columns))) or tensor.shape != (None, len(columns)):
            raise _invalid("features", columns, f"a column each of {tensor.name}, of shape {list(tensor.shape)}")
    names = [tensor.name for tensor in inputs]
    if len(set(names)) < len(names):
        raise _invalid("model.inputs", names, "each input once")
    lost = next((feature for feature in features if feature.input not in names), None)
    if lost is not None:
        raise _invalid("features", lost.name, f"features of the model's inputs: {', '.join(names)}")


def _check_outputs(outputs: tuple[Tensor, ...], labels: int) -> None:
    expected = {Tensor("label", "int32", (None,)), Tensor("probabilities", "double", (None, labels))}
    if len(outputs) != len(expected) or set(outputs) != expected:
        shown = [[tensor.name, tensor.type, list(tensor.shape)] for tensor in outputs]
        raise _invalid(
            "model.outputs", shown, f"label, int32 of shape [None], and probabilities, double of shape [None, {labels}]"
        )


def _expires(value: Any) -> str | None:
    try:
        if value is not None:
            as_time(_text("expires", value))
    except ValueError:
        raise _invalid("expires", value, "an ISO 8601 time, or null") from None
    return value  # type: ignore[no-any-return]  # None, or _text has seen to it


def _threshold(value: Any, labels: int) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or labels != 2:
        raise _invalid("threshold", value, "null, or a number with two labels")
    return float(value)


def _tolerance(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise _invalid("parity.tolerance", value, "a number of 0 .. 1")
    return float(value)


def _tensors(where: str, value: Any) -> tuple[Tensor, ...]:
    tensors = []
    for tensor in _list(where, value):
        shape = tuple(
            None if size is None else _whole(f"{where}.shape", size, 1)
            for size in _list(f"{where}.shape", _object(where, tensor).get("shape"))
        )
        tensors.append(
            Tensor(_text(f"{where}.name", tensor.get("name")), _text(f"{where}.type", tensor.get("type")), shape)
        )
    return tuple(tensors)


def _feature(value: Any) -> Feature:
    feature = _object("features", value)
    kind, place = feature.get("type"), feature.get("input")
    if (kind, place) not in (("number", "numbers"), ("string", "strings")):
        raise _invalid("features", value, "a number in numbers or a string in strings")
    name = _text("features.name", feature.get("name"))
    return Feature(name, str(kind), str(place), _whole(f"features.{name}.column", feature.get("column"), 0))


def _file(name: str, value: Any) -> File:
    file = _object(f"files.{name}", value)
    if "/" in name or "\\" in name or name.startswith("."):
        raise _invalid("files", name, "a plain file name")
    sha256 = file.get("sha256")
    if not isinstance(sha256, str) or re.fullmatch("[0-9a-f]{64}", sha256) is None:
        raise _invalid(f"files.{name}.sha256", sha256, "64 lower-case hex digits")
    return File(sha256, _whole(f"files.{name}.bytes", file.get("bytes"), 0))


def _object(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _invalid(where, value, "an object")
    return value


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _invalid(where, value, "a list")
    return value


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _invalid(where, value, "a string")
    return value


def _whole(where: str, value: Any, low: int) -> int:
    if type(value) is not int or not low <= value < 1 << 53:  # beyond, JavaScript is not exact
        raise _invalid(where, value, f"an integer of at least {low}")
    return value


def _invalid(where: str, value: object, expected: str) -> InvalidBundle:
    return InvalidBundle(f"{FILE} {where}".strip(), value, expected)
