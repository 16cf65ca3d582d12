"""The manifest: what a bundle says of itself, parsed once from untrusted JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import InvalidBundle

FORMAT = 1
FILE = "manifest.json"
Label = int | str | bool | float


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

    def expired(self, now: datetime | None = None) -> bool:
        """Whether the bundle's last moment is past."""
        return self.expires is not None and as_time(self.expires) <= (now or datetime.now(UTC))


def as_time(text: str) -> datetime:
    """Return an ISO 8601 time with its zone; a naive one is UTC."""
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
    if members.get("signature") is not None:
        raise _invalid("signature", members["signature"], "null, since this version does not verify signatures")
    model = _object("model", members.get("model"))
    labels = tuple(_list("labels", members.get("labels")))
    if len(labels) < 2 or not all(isinstance(label, Label) for label in labels):
        raise _invalid("labels", list(labels), "two labels or more")
    threshold = members.get("threshold")
    if threshold is not None and (
        isinstance(threshold, bool) or not isinstance(threshold, int | float) or len(labels) != 2
    ):
        raise _invalid("threshold", threshold, "null, or a number with two labels")
    expires = members.get("expires")
    if expires is not None:
        try:
            as_time(_text("expires", expires))
        except ValueError:
            raise _invalid("expires", expires, "an ISO 8601 time, or null") from None
    parity = _object("parity", members.get("parity"))
    tolerance = parity.get("tolerance")
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance < 1:
        raise _invalid("parity.tolerance", tolerance, "a number of 0 .. 1")
    return Manifest(
        name=_text("name", members.get("name")),
        version=_whole("version", members.get("version"), 1),
        expires=expires,
        spec=_text("spec", members.get("spec")),
        model_file=_text("model.file", model.get("file")),
        operators=tuple(
            _text("model.operators", operator) for operator in _list("model.operators", model.get("operators"))
        ),
        inputs=_tensors("model.inputs", model.get("inputs")),
        outputs=_tensors("model.outputs", model.get("outputs")),
        labels=labels,
        threshold=None if threshold is None else float(threshold),
        features=tuple(_feature(feature) for feature in _list("features", members.get("features"))),
        files={name: _file(name, file) for name, file in _object("files", members.get("files")).items()},
        tolerance=float(tolerance),
        members=members,
    )


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
    return File(_text(f"files.{name}.sha256", file.get("sha256")), _whole(f"files.{name}.bytes", file.get("bytes"), 0))


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
    if type(value) is not int or value < low:
        raise _invalid(where, value, f"an integer of at least {low}")
    return value


def _invalid(where: str, value: object, expected: str) -> InvalidBundle:
    return InvalidBundle(f"{FILE} {where}".strip(), value, expected)
