"""The authoring form: one function an aggregate, as a data scientist writes it.

``where`` is a predicate (``order.amount >= 20``), ``within`` a window (``days(90)``) and ``hop`` its step; ``default`` is what a read-out
gives before the first event, else NaN (None for a string).
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from .canonical import plain
from .duration import DAY, Duration, default_hop
from .errors import InvalidSpec
from .event import EventType, event_fields, event_name
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
    keys: Iterable[str] | None = None,
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
    keys: Iterable[str] | None = None,
    where: Where = None,
    within: Within = None,
    hop: Within = None,
) -> AggregateNode:
    """Sum a number by a key: an enum's values, or ``keys`` of a string, which then has ``__other__`` too."""
    event, name = _event_of("total_by", value), _field_of(key)
    if key.event != event:
        raise InvalidSpec("the key of total_by", key, f"a field of {event_name(event)}, as the value is")
    return _of("total_by", value, where, within, hop, key=name, keys=_keys(keys))


def distinct(
    value: Expression, *, cap: int, where: Where = None, within: Within = None, hop: Within = None
) -> AggregateNode:
    """Count the distinct values of a field, up to ``cap`` (1 to 1,024)."""
    return _of("distinct", value, where, within, hop, cap=cap)


def attribute(name: str, *, default: Default = None) -> AttributeNode:
    """Read an attribute that the server sets."""
    if not isinstance(name, str):
        raise InvalidSpec("an attribute", name, "its name among the spec's attributes: attribute('country')")
    return AttributeNode(name, plain(default))


def ratio(numerator: AggregateNode, denominator: AggregateNode, *, default: Default = None) -> RatioNode:
    """Divide one read-out by another; missing where either is, or the divisor is 0."""
    node = RatioNode(numerator, denominator, plain(default))
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
        of = event.event if isinstance(event, Expression) else None
        hint = "an event type, as event(…) gives" if of is None else f"the event itself: {aggregate}({event_name(of)})"
        raise InvalidSpec(f"the event of {aggregate}", event, hint)
    if hop is not None and within is None:
        raise InvalidSpec(f"the hop of {aggregate}", hop, "a window (within=…) that it belongs to")
    if within is not None:
        if not isinstance(within, Duration):
            raise InvalidSpec(f"the window of {aggregate}", within, "a duration, such as days(90)")
        if hop is not None and not isinstance(hop, Duration):
            raise InvalidSpec(f"the hop of {aggregate}", hop, "a duration, such as hours(6)")
        members |= {"window_ms": within.milliseconds, "hop_ms": (hop or default_hop(within)).milliseconds}
    members = {name: plain(member) for name, member in members.items()}
    node = AggregateNode(aggregate, event, value, where, **members)  # type: ignore[arg-type]  # checked next
    check_aggregate(aggregate, node)
    return node


def _of(
    aggregate: str, value: Expression, where: Where, within: Within, hop: Within, **members: object
) -> AggregateNode:
    return _over(aggregate, _event_of(aggregate, value), value, where, within, hop, **members)


def _event_of(aggregate: str, value: Expression) -> EventType:
    if not isinstance(value, Expression) or value.event is None:
        expected = "a field, or an expression of some: order.amount"
        if isinstance(value, EventType):
            fields = event_fields(value)
            expected = f"one of its fields: {aggregate}({event_name(value)}.{next(iter(fields), 'amount')})"
        raise InvalidSpec(f"the value of {aggregate}", value, expected)
    return value.event


def _field_of(key: Expression) -> str:
    if not isinstance(key, Expression) or key.operator != "field":
        raise InvalidSpec("a key", key, "a field: order.genre")
    name: str = key.operands[0]
    return name


def _keys(keys: Iterable[str] | None) -> tuple[str, ...] | None:
    if keys is None:
        return None
    if isinstance(keys, str | Set) or not isinstance(keys, Iterable):
        one = f"a list of them, in the order of the columns: keys=[{keys!r}]" if isinstance(keys, str) else ""
        raise InvalidSpec("keys", keys, one or "a list of strings, in the order of the columns")
    return tuple(plain(key) for key in keys)


def _unit_ms(unit: Duration) -> int:
    if not isinstance(unit, Duration):
        raise InvalidSpec("the unit", unit, "a duration, such as days(1)")
    return unit.milliseconds
