"""From a node of the spec to its aggregate, and to the function that prepares an event's value for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..evaluate import Data, evaluator
from ..expression import Number
from ..node import AggregateNode
from .base import Aggregate, domain_of
from .distinct import Distinct
from .extreme import EdgeValue, ExtremeTime, ExtremeValue
from .keyed import Keyed, bucketed
from .linear import Count, Mean, Total
from .window import Window

Prepare = Callable[[Data], Any]
"""From an event's data to the value that ``update`` takes, or None where the aggregate skips the event."""

_MAKERS: dict[str, Callable[[AggregateNode], Aggregate]] = {
    "count": lambda node: Count(),
    "total": lambda node: Total(node.scale),
    "mean": lambda node: Mean(node.scale),
    "minimum": lambda node: ExtremeValue(min, node.scale, domain_of(node)),
    "maximum": lambda node: ExtremeValue(max, node.scale, domain_of(node)),
    "first": lambda node: EdgeValue(min, _scale(node), domain_of(node)),
    "last": lambda node: EdgeValue(max, _scale(node), domain_of(node)),
    "time_since_first": lambda node: ExtremeTime(min, node.unit_ms or 1),
    "time_since_last": lambda node: ExtremeTime(max, node.unit_ms or 1),
    "count_by": lambda node: Keyed(node.vocabulary or (), 0, counts=True),
    "total_by": lambda node: Keyed(node.vocabulary or (), node.scale, counts=False),
    "distinct": lambda node: Distinct(node.cap or 1, domain_of(node)),
}


def registered() -> tuple[str, ...]:
    """Return the names of all aggregates."""
    return tuple(_MAKERS)


@lru_cache(maxsize=4096)
def aggregate_for(node: AggregateNode) -> Aggregate:
    """Return the aggregate that a node names, within its window where it has one."""
    aggregate = aggregate_inside(node)
    if node.window_ms is None or node.hop_ms is None:
        return aggregate
    return Window(aggregate, node.window_ms, node.hop_ms)


def aggregate_inside(node: AggregateNode) -> Aggregate:
    """Return the aggregate that a node names, without its window."""
    return _MAKERS[node.aggregate](node)


def preparation_for(node: AggregateNode) -> Prepare:
    """Return the function that applies a node's predicate, value and key to an event's data."""
    value = _value(node)
    if node.where is None:
        return value
    where = evaluator(node.where)
    return lambda data: value(data) if where(data) is True else None


def _value(node: AggregateNode) -> Prepare:
    amount: Prepare = (lambda data: 1) if node.value is None else evaluator(node.value)
    if node.key is None:
        return amount
    name, key_of = node.key, bucketed(node.keys)

    def keyed(data: Data) -> tuple[str, int] | None:
        key, number = data[name], amount(data)
        return (key_of(key), number) if isinstance(key, str) and number is not None else None

    return keyed


def _scale(node: AggregateNode) -> int | None:
    return node.scale if node.value is not None and isinstance(node.value.type, Number) else None
