"""Expressions as functions of an event's data. Missing is None; arithmetic out of range is Refused."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Mapping
from typing import Any

from .canonical import MAX_SAFE_INTEGER
from .expression import ARITHMETIC, Expression
from .field import Refused, Value

Data = Mapping[str, Value | None]
Evaluator = Callable[[Data], Any]

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": python.add,
    "subtract": python.sub,
    "multiply": python.mul,
    "equal": python.eq,
    "not_equal": python.ne,
    "less": python.lt,
    "less_or_equal": python.le,
    "greater": python.gt,
    "greater_or_equal": python.ge,
}


def evaluator(expression: Expression) -> Evaluator:
    """Return the function that evaluates an expression on data with every declared field, None where missing."""
    kind, operands = expression.operator, expression.operands
    if kind == "field":
        return python.itemgetter(operands[0])
    if kind == "literal":
        literal = operands[0]
        return lambda data: literal
    first = evaluator(operands[0])
    if kind == "is_missing":
        return lambda data: first(data) is None
    if kind == "not":
        return lambda data: None if (value := first(data)) is None else not value
    if kind == "in":
        values = frozenset(operands[1])
        return lambda data: None if (value := first(data)) is None else value in values
    second = evaluator(operands[1])
    if kind in ("and", "or"):
        return _kleene(first, second, decisive=kind == "or")
    if kind in ARITHMETIC:
        return _arithmetic(_BINARY[kind], first, second)
    return _binary(_BINARY[kind], first, second, operands[1])


def _binary(apply: Callable[[Any, Any], Any], first: Evaluator, second: Evaluator, right: Expression) -> Evaluator:
    if right.operator == "literal":
        literal = right.operands[0]
        return lambda data: None if (a := first(data)) is None else apply(a, literal)

    def compare(data: Data) -> bool | None:
        a, b = first(data), second(data)
        return None if a is None or b is None else apply(a, b)

    return compare


def _arithmetic(apply: Callable[[Any, Any], Any], first: Evaluator, second: Evaluator) -> Evaluator:
    def calculate(data: Data) -> int | None:
        a, b = first(data), second(data)
        if a is None or b is None:
            return None
        result: int = apply(a, b)
        if abs(result) > MAX_SAFE_INTEGER:
            raise Refused("arithmetic with a result |n| < 2^53")
        return result

    return calculate


def _kleene(first: Evaluator, second: Evaluator, *, decisive: bool) -> Evaluator:
    """Return and (decisive False) or or (decisive True) of three-valued logic (Kleene 1952)."""

    def decide(data: Data) -> bool | None:
        a: bool | None = first(data)
        if a is decisive:
            return decisive
        b: bool | None = second(data)
        if b is decisive:
            return decisive
        return None if a is None or b is None else not decisive

    return decide


def arithmetic_of(expression: Expression) -> list[Expression]:
    """Return the topmost arithmetic nodes: evaluating these evaluates every one below."""
    if expression.operator in ARITHMETIC:
        return [expression]
    return [
        found for operand in expression.operands if isinstance(operand, Expression) for found in arithmetic_of(operand)
    ]
