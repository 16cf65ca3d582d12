"""An expression as it is written in Python, for messages and notebooks."""

from __future__ import annotations

from decimal import Decimal as Digits
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .expression import Expression

SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_or_equal": "<=",
    "greater": ">",
    "greater_or_equal": ">=",
    "and": "&",
    "or": "|",
}
ARITHMETIC = ("add", "subtract", "multiply")


def expression_text(expression: Expression) -> str:
    """Return an expression as Python code; a number shows the digits of its scale, an integer made finer shows as itself."""
    kind, operands = expression.operator, expression.operands
    if kind == "field":
        return f"{expression.event._name}.{operands[0]}" if expression.event is not None else operands[0]
    if kind == "literal":
        return _literal_text(operands[0], getattr(expression.type, "scale", 0))
    if kind == "in":
        scale = getattr(operands[0].type, "scale", 0)
        return f"{_inner(operands[0], kind)}.is_in([{', '.join(_literal_text(v, scale) for v in operands[1])}])"
    if kind == "is_missing":
        return f"{_inner(operands[0], kind)}.is_missing()"
    if kind == "not":
        return f"~{_inner(operands[0], kind)}"
    if _only_widens(expression):
        return expression_text(operands[0])
    return f"{_inner(operands[0], kind)} {SYMBOLS[kind]} {_inner(operands[1], kind)}"


def _inner(expression: Expression, around: str) -> str:
    """Return an operand, in parentheses where it is compound; arithmetic beside a comparison needs none."""
    while _only_widens(expression):
        expression = expression.operands[0]
    text = expression_text(expression)
    if expression.operator not in SYMBOLS:
        return text
    if expression.operator in ARITHMETIC and around in SYMBOLS and around not in (*ARITHMETIC, "and", "or"):
        return text
    return f"({text})"


def _only_widens(expression: Expression) -> bool:
    """Whether it multiplies by 1, written with digits: what the operators do to meet a finer number."""
    if expression.operator != "multiply" or expression.operands[1].operator != "literal":
        return False
    factor = expression.operands[1]
    scale: int = factor.type.scale
    return scale > 0 and factor.operands[0] == 10**scale


def _literal_text(value: Any, scale: int) -> str:
    return f"{Digits(value).scaleb(-scale):f}" if type(value) is int and scale else repr(value)
