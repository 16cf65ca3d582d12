"""Aggregates as SQL: exact integers, strings and booleans only. What is read out of them is for ``readout``."""

from __future__ import annotations

from ..event import event_fields
from ..field import OTHER_KEY, Enum
from ..node import AggregateNode
from .sql import expression_sql, field_column, identifier, literal

MOMENT = "struct_pack(t := e.time, r := e.replica, s := e.seq, v := {value})"


def value_sql(node: AggregateNode) -> str:
    """Return an aggregate's value as SQL: numbers as BIGINT, since every event was checked to fit."""
    if node.value is None:
        return "1"
    value = expression_sql(node.value)
    return value if node.value.operator == "field" else f"CAST({value} AS BIGINT)"


def key_sql(node: AggregateNode) -> str:
    """Return an aggregate's key as SQL, with ``__other__`` for a value outside its vocabulary."""
    assert node.key is not None
    column = f"e.{identifier(field_column(node.key))}"
    if isinstance(event_fields(node.event_type)[node.key], Enum):
        return column
    known = ", ".join(literal(key) for key in node.keys or ())
    return (
        f"(CASE WHEN {column} IS NULL THEN NULL WHEN {column} IN ({known}) THEN {column} ELSE {literal(OTHER_KEY)} END)"
    )


def selection_sql(node: AggregateNode) -> list[str]:
    """Return the conditions, besides its window, under which an event counts."""
    conditions = [] if node.where is None else [expression_sql(node.where)]
    if node.value is not None and node.value.operator != "literal":
        conditions.append(f"{value_sql(node)} IS NOT NULL")
    return conditions


def state_columns(node: AggregateNode) -> dict[str, tuple[str, str]]:
    """Return the parts of an aggregate's state: from each one's name to (SQL aggregate, further condition)."""
    value = value_sql(node)
    if node.vocabulary is not None:
        aggregate = "count(*)" if node.value is None else f"sum({value})"
        return {f"k{i}": (aggregate, f"{key_sql(node)} = {literal(key)}") for i, key in enumerate(node.vocabulary)}
    plain = {
        "count": {"n": "count(*)"},
        "total": {"sum": f"sum({value})"},
        "mean": {"n": "count(*)", "sum": f"sum({value})"},
        "minimum": {"value": f"min({value})"},
        "maximum": {"value": f"max({value})"},
        "first": {"edge": f"min({MOMENT.format(value=value)})"},
        "last": {"edge": f"max({MOMENT.format(value=value)})"},
        "time_since_first": {"time": "min(e.time)"},
        "time_since_last": {"time": "max(e.time)"},
        "distinct": {"n": f"count(DISTINCT {value})"},
    }
    return {name: (aggregate, "") for name, aggregate in plain[node.aggregate].items()}


def filtered(aggregate: str, conditions: list[str]) -> str:
    """Return an SQL aggregate over the events that meet all conditions."""
    return f"{aggregate} FILTER (WHERE {' AND '.join(conditions)})" if conditions else aggregate
