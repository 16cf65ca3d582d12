"""The authoring form: one function an aggregate, as a data scientist writes it.

``where`` is a predicate (``order.amount >= 20``), ``within`` a window (``days(90)``) and ``hop`` its step; ``default`` is what a read-out
gives before the first event, else NaN (None for a string).
"""

from __future__ import annotations

from collections.abc import Sequence

from .duration import DAY, Duration, default_hop
from .errors import InvalidSpec
from .event import EventType
from .expression import Expression
from .node import AggregateNode, AttributeNode, Default, RatioNode
from .rules import check_aggregate, check_ratio

Where = Expression | None
Within = Duration | None


def count(event: EventType, *, where: Where = None, within: Within = None, hop: Within = None) -> AggregateNode:
    """Count events."""
    return _over("count", event, None, where, within, hop)


def total(value: Expression, *, where: Where = None, within: Within = None, hop: Within = None) -> AggregateNode:
    """Sum a number, exactly."""
    return _of("total", value, where, within, hop)


def mean(
    value: Expression, *, where: Where = None, within: Within = None, hop: Within = None, default: Default = None
) -> AggregateNode:
    """Divide the exact sum of a number by the count of its values."""
    return _of("mean", value, where, within, hop, default=default)


def minimum(
    value: Expression, *, where: Where = None, within: Within = None, hop: Within = None, default: Default = None
) -> AggregateNode:
    """Take the smallest value of a number."""
    return _of("minimum", value, where, within, hop, default=default)


def maximum(
    value: Expression, *, where: Where = None, within: Within = None, hop: Within = None, default: Default = None
) -> AggregateNode:
    """Take the largest value of a number."""
    return _of("maximum", value, where, within, hop, default=default)


def first(
    value: Expression, *, where: Where = None, within: Within = None, hop: Within = None, default: Default = None
) -> AggregateNode:
    """Take the value of the earliest event that has one, by (time, replica, seq)."""
    return _of("first", value, where, within, hop, default=default)


def last(
    value: Expression, *, where: Where = None, within: Within = None, hop: Within = None, default: Default = None
) -> AggregateNode:
    """Take the value of the latest event that has one, by (time, replica, seq)."""
    return _of("last", value, where, within, hop, default=default)


def time_since_first(
    event: EventType,
    *,
    unit: Duration = DAY,
    where: Where = None,
    within: Within = None,
    hop: Within = None,
    default: Default = None,
) -> AggregateNode:
    """Measure the time since the earliest event, in ``unit``."""
    return _over("time_since_first", event, None, where, within, hop, unit_ms=_unit_ms(unit), default=default)


def time_since_last(
    event: EventType,
    *,
    unit: Duration = DAY,
    where: Where = None,
    within: Within = None,
    hop: Within = None,
    default: Default = None,
) -> AggregateNode:
    """Measure the time since the latest event, in ``unit``."""
    return _over("time_since_last", event, None, where, within, hop, unit_ms=_unit_ms(unit), default=default)


def count_by(
    key: Expression,
    *,
    keys: Sequence[str] | None = None,
    where: Where = None,
    within: Within = None,
    hop: Within = None,
) -> AggregateNode:
    """Count events by a key: an enum's values, or ``keys`` of a string, which then has ``__other__`` too."""
    return _over("count_by", _event_of("count_by", key), None, where, within, hop, key=_field_of(key), keys=_keys(keys))


def total_by(
    value: Expression,
    key: Expression,
    *,
    keys: Sequence[str] | None = None,
    where: Where = None,
    within: Within = None,
    hop: Within = None,
) -> AggregateNode:
    """Sum a number by a key: an enum's values, or ``keys`` of a string, which then has ``__other__`` too."""
    return _of("total_by", value, where, within, hop, key=_field_of(key), keys=_keys(keys))


def distinct(
    value: Expression, *, cap: int, where: Where = None, within: Within = None, hop: Within = None
) -> AggregateNode:
    """Count the distinct values of a field, up to ``cap`` (1 to 1,024)."""
    return _of("distinct", value, where, within, hop, cap=cap)


def attribute(name: str, *, default: Default = None) -> AttributeNode:
    """Read an attribute that the server sets."""
    return AttributeNode(name, default)


def ratio(numerator: AggregateNode, denominator: AggregateNode, *, default: Default = None) -> RatioNode:
    """Divide one read-out by another; missing where either is, or the divisor is 0."""
    node = RatioNode(numerator, denominator, default)
    check_ratio("ratio", node)
    return node


def _over(
    aggregate: str,
    event: EventType,
    value: Expression | None,
    where: Where,
    within: Within,
    hop: Within,
    **members: object,
) -> AggregateNode:
    if not isinstance(event, EventType):
        raise InvalidSpec(f"the event of {aggregate}", event, "an event type, as event(…) gives")
    if hop is not None and within is None:
        raise InvalidSpec(f"the hop of {aggregate}", hop, "a window (within=…) that it belongs to")
    if within is not None:
        if not isinstance(within, Duration):
            raise InvalidSpec(f"the window of {aggregate}", within, "a duration, such as days(90)")
        members |= {"window_ms": within.milliseconds, "hop_ms": (hop or default_hop(within)).milliseconds}
    node = AggregateNode(aggregate, event, value, where, **members)  # type: ignore[arg-type]  # checked next
    check_aggregate(aggregate, node)
    return node


def _of(
    aggregate: str, value: Expression, where: Where, within: Within, hop: Within, **members: object
) -> AggregateNode:
    return _over(aggregate, _event_of(aggregate, value), value, where, within, hop, **members)


def _event_of(aggregate: str, value: Expression) -> EventType:
    if not isinstance(value, Expression) or value.event is None:
        raise InvalidSpec(f"the value of {aggregate}", value, "a field, or an expression of some: order.amount")
    return value.event


def _field_of(key: Expression) -> str:
    if not isinstance(key, Expression) or key.operator != "field":
        raise InvalidSpec("a key", key, "a field: order.genre")
    name: str = key.operands[0]
    return name


def _keys(keys: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if keys is None else tuple(keys)


def _unit_ms(unit: Duration) -> int:
    if not isinstance(unit, Duration):
        raise InvalidSpec("the unit", unit, "a duration, such as days(1)")
    return unit.milliseconds
