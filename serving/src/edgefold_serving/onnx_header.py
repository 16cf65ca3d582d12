"""What an ONNX file says that it needs, read from its bytes: onnxruntime tells none of it.

Source: onnx.proto of ONNX 1.18, and the wire format at https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import InvalidBundle
from .manifest import FILE, Manifest

_ONNX = "ai.onnx"
MAX_IR_VERSION = 10
MAX_OPSETS: Mapping[str, int] = {_ONNX: 21, "ai.onnx.ml": 5}
_FORBIDDEN = "ai.onnx.ml.ZipMap"
_MAX_DEPTH = 100  # protobuf's own limit of messages in messages
_MAX_KEY = (1 << 32) - 1
_FIXED_BYTES = {1: 8, 5: 4}

_INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "opset": {},
    "tensor": {},
}
"""The messages inside each kind of message, by field number; no other holds an operator, a version or a data location."""

_KEPT: Mapping[str, frozenset[int]] = {
    "model": frozenset({1}),  # ir_version
    "opset": frozenset({1, 2}),  # domain, version
    "node": frozenset({4, 7}),  # op_type, domain
    "tensor": frozenset({14}),  # data_location
}

_INTS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f]){2,}+")
"""A tree ensemble's attribute has a field for each of up to millions of integers: Python is too slow to step over each."""


@dataclass(frozen=True)
class OnnxHeader:
    """What a model needs of a runtime, in all of its graphs, functions and subgraphs.

    ``opsets`` is the version by domain; ``operators`` are sorted, those of another domain than ``ai.onnx`` with its name before them.
    """

    ir_version: int
    opsets: Mapping[str, int]
    operators: tuple[str, ...]
    has_external_data: bool


def read_header(file: str, content: bytes) -> OnnxHeader:
    """Return the header of an ONNX model's bytes; ``file`` names it in errors.

    Raises:
        InvalidBundle: they are no protobuf message of that form.
    """
    found = _Found()
    try:
        _walk(found, content, "model", 0, len(content), 0)
    except _Malformed as error:
        raise InvalidBundle(file, str(error), "an ONNX model") from None
    return OnnxHeader(found.ir_version, found.opsets, tuple(sorted(found.operators)), found.has_external_data)


def check_header(manifest: Manifest, content: bytes) -> None:
    """Raise InvalidBundle unless a model needs only what the format allows and the manifest declares."""
    file = manifest.model_file
    header = read_header(file, content)
    if not 1 <= header.ir_version <= MAX_IR_VERSION:
        raise InvalidBundle(f"{file} ir_version", header.ir_version, f"1 .. {MAX_IR_VERSION}")
    for domain in sorted({*header.opsets, *(name.rpartition(".")[0] or _ONNX for name in header.operators)}):
        version = header.opsets.get(domain, 0)
        if not 1 <= version <= MAX_OPSETS.get(domain, 0):
            allowed = " and ".join(f"{name} 1 .. {most}" for name, most in MAX_OPSETS.items())
            raise InvalidBundle(f"{file} opset_import", f"{domain} {version}", allowed)
    if header.has_external_data:
        raise InvalidBundle(f"{file} data_location", "EXTERNAL", "every tensor inside the file")
    if _FORBIDDEN in header.operators:
        raise InvalidBundle(f"{file} operators", _FORBIDDEN, "probabilities as a tensor, without it")
    if set(header.operators) != set(manifest.operators):
        declared = ", ".join(sorted(set(manifest.operators)))
        raise InvalidBundle(f"{file} operators", list(header.operators), f"{declared}, as {FILE} says")


class _Malformed(Exception):
    """Bytes that are no message."""


@dataclass
class _Found:
    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)
    has_external_data: bool = False


def _walk(found: _Found, content: bytes, kind: str, at: int, end: int, depth: int) -> None:
    """Read the message in ``at`` .. ``end`` and all inside."""
    if depth >= _MAX_DEPTH:
        raise _Malformed(f"{depth} messages in each other at byte {at}")
    inside, kept = _INSIDE[kind], _KEPT.get(kind, frozenset())
    numbers: dict[int, int] = {}
    texts: dict[int, tuple[int, int]] = {}
    while at < end:
        if kind == "attribute" and (run := _INTS.match(content, at, end)):
            at = run.end()
            continue
        start = at
        key, at = _varint(content, at, end)
        number, wire = key >> 3, key & 7
        if number == 0 or key > _MAX_KEY or wire not in (0, 2, *_FIXED_BYTES):
            raise _Malformed(f"no field of a message at byte {start}")
        size = _FIXED_BYTES.get(wire, 0)
        if wire in (0, 2):
            value, at = _varint(content, at, end)
            if wire == 2:
                size = value
            elif number in kept:
                numbers[number] = max(value, numbers.get(number, 0))
        if size > end - at:
            raise _Malformed(f"a field of {size} bytes at byte {start}, {end - at} being left")
        if wire == 2 and number in inside:
            _walk(found, content, inside[number], at, at + size, depth + 1)
        elif wire == 2 and number in kept:
            texts[number] = (at, at + size)
        at += size
    if kind == "model":
        found.ir_version = numbers.get(1, 0)
    elif kind == "opset":
        domain = _text(content, texts.get(1)) or _ONNX
        found.opsets[domain] = max(numbers.get(2, 0), found.opsets.get(domain, 0))
    elif kind == "node":
        domain, name = _text(content, texts.get(7)), _text(content, texts.get(4))
        found.operators.add(name if domain in ("", _ONNX) else f"{domain}.{name}")
    elif kind == "tensor":
        found.has_external_data |= numbers.get(14, 0) != 0


def _varint(content: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the integer at ``at``, of at most ten bytes, and where it ends."""
    value = 0
    for place in range(at, min(end, at + 10)):
        byte = content[place]
        value |= (byte & 0x7F) << 7 * (place - at)
        if byte < 0x80:
            return value, place + 1
    raise _Malformed(f"an integer without an end at byte {at}")


def _text(content: bytes, span: tuple[int, int] | None) -> str:
    if span is None:
        return ""
    try:
        return content[span[0] : span[1]].decode("utf-8")
    except UnicodeDecodeError:
        raise _Malformed(f"a name that is not UTF-8 at byte {span[0]}") from None
