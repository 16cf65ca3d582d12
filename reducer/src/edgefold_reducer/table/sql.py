"""Expressions of a spec as SQL over quantised event columns. SQL's three-valued logic is Kleene's, as the spec's."""

from __future__ import annotations

from ..expression import ARITHMETIC, Expression

_OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "equal": "=",
    "not_equal": "<>",
    "less": "<",
    "less_or_equal": "<=",
    "greater": ">",
    "greater_or_equal": ">=",
    "and": "AND",
    "or": "OR",
}


def identifier(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: int | bool | str) -> str:
    """Return a value as SQL. A zero byte can't stand in SQL text, so it is joined in."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"({value})"
    return "(" + " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in value.split("\0")) + ")"


def expression_sql(expression: Expression) -> str:
    """Return an expression as SQL over the events ``e``."""
    kind, operands = expression.operator, expression.operands
    if kind == "field":
        return f"e.{identifier(field_column(operands[0]))}"
    if kind == "literal":
        return literal(operands[0])
    first = expression_sql(operands[0])
    if kind == "not":
        return f"(NOT {first})"
    if kind == "is_missing":
        return f"({first} IS NULL)"
    if kind == "in":
        return f"({first} IN ({', '.join(literal(value) for value in operands[1])}))"
    second = expression_sql(operands[1])
    if kind in ARITHMETIC:  # 128 bits: a product of two operands of 53 bits can't overflow
        return f"(CAST({first} AS HUGEINT) {_OPERATORS[kind]} CAST({second} AS HUGEINT))"
    return f"({first} {_OPERATORS[kind]} {second})"


def field_column(name: str) -> str:
    """Return the column that holds a field's exact value."""
    return f"f_{_told_apart(name)}"


def attribute_column(name: str) -> str:
    """Return the column that holds an attribute's exact value."""
    return f"a_{_told_apart(name)}"


def _told_apart(name: str) -> str:
    """Return a name that differs from others' in more than case, which SQL does not tell apart."""
    return "".join(f"^{character}" if character.isupper() else character for character in name)
