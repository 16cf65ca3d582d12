"""What an ONNX file says of itself: its versions and operators.

Read from the Protocol Buffers encoding (https://protobuf.dev/programming-guides/encoding/) by the field numbers of onnx.proto, so that a server
that scores needs no ``onnx`` package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .errors import InvalidBundle

MAX_IR_VERSION = 10
MAX_OPSETS = {"": 21, "ai.onnx.ml": 5}
"""The newest operators that every runtime of the page has."""

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPSETS, _MODEL_FUNCTIONS = 1, 7, 8, 25
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_GRAPH_NODES, _FUNCTION_NODES = 1, 7
_NODE_OPERATOR, _NODE_ATTRIBUTES, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_GRAPHS = (6, 11)


@dataclass(frozen=True)
class ModelFile:
    """The versions and operators of a model; an operator of another domain than ONNX's own has that before it."""

    ir_version: int
    opsets: Mapping[str, int]
    operators: tuple[str, ...]


def read_model_file(content: bytes) -> ModelFile:
    """Return what a model says of itself.

    Raises:
        ValueError: it is not an ONNX file.
    """
    ir_version, opsets, operators = 0, {}, set()
    for number, value in _fields(content):
        if number == _MODEL_IR_VERSION and isinstance(value, int):
            ir_version = value
        elif number == _MODEL_OPSETS and isinstance(value, bytes):
            members = dict(_fields(value))
            version = members.get(_OPSET_VERSION)
            opsets[_text(members.get(_OPSET_DOMAIN, b""))] = version if isinstance(version, int) else 0
        elif number == _MODEL_GRAPH and isinstance(value, bytes):
            operators |= set(_operators(value, _GRAPH_NODES))
        elif number == _MODEL_FUNCTIONS and isinstance(value, bytes):
            operators |= set(_operators(value, _FUNCTION_NODES))
    return ModelFile(ir_version, opsets, tuple(sorted(operators)))


def check_model_file(name: str, content: bytes, declared: tuple[str, ...]) -> None:
    """Check that a model has the operators that a manifest declares, and no newer versions than every runtime knows.

    Raises:
        InvalidBundle: it has others.
    """
    try:
        found = read_model_file(content)
    except ValueError as error:
        raise InvalidBundle(name, str(error), "an ONNX file") from None
    newest = all(version <= MAX_OPSETS.get(domain, 0) for domain, version in found.opsets.items())
    if not newest or not 1 <= found.ir_version <= MAX_IR_VERSION:
        versions = {"IR": found.ir_version, **found.opsets}
        raise InvalidBundle(f"{name} versions", versions, f"at most { ({'IR': MAX_IR_VERSION, **MAX_OPSETS}) }")
    if found.operators != tuple(sorted(declared)):
        raise InvalidBundle(f"{name} operators", found.operators, f"{sorted(declared)}, as the manifest says")


def _operators(graph: bytes, nodes: int) -> Iterator[str]:
    """Yield the operators of a graph's or function's nodes, and of the graphs within them."""
    for number, node in _fields(graph):
        if number != nodes or not isinstance(node, bytes):
            continue
        operator, domain = "", ""
        for member, value in _fields(node):
            if member == _NODE_OPERATOR:
                operator = _text(value)
            elif member == _NODE_DOMAIN:
                domain = _text(value)
            elif member == _NODE_ATTRIBUTES and isinstance(value, bytes):
                inner = [graph for field, graph in _fields(value) if field in _ATTRIBUTE_GRAPHS]
                for graph_within in inner:
                    if isinstance(graph_within, bytes):
                        yield from _operators(graph_within, _GRAPH_NODES)
        yield f"{domain}.{operator}" if domain else operator


def _text(value: int | bytes) -> str:
    if not isinstance(value, bytes):
        raise ValueError(f"the number {value} where a text belongs")
    return value.decode()


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a message: an integer, or the bytes of a text, list or message."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            number, place = _varint(message, place)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED_64, _FIXED_32):
            size = 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"the wire type {kind} at byte {place}")
        if place + size > len(message):
            raise ValueError(f"{len(message)} bytes where {place + size} are announced")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 64:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise ValueError(f"a number that does not end at byte {place}")
