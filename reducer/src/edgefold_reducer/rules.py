"""What each aggregate takes: one table, checked alike for a spec written in Python and one read from JSON."""

from __future__ import annotations

from dataclasses import dataclass

from .canonical import MAX_SAFE_INTEGER
from .errors import InvalidSpec
from .event import event_fields
from .expression import Expression, Number, Text, Truth
from .field import Enum, String, check_vocabulary, is_well_formed
from .node import AggregateNode, AttributeNode, Default, Node, RatioNode

MAX_CAP = 1_024
MIN_HOP_MS = 1_000
MAX_HOPS_A_WINDOW = 4_096


@dataclass(frozen=True)
class Rule:
    """The members that an aggregate requires (``value``: of which kind), and whether its read-out can be missing."""

    value: str | None = None
    key: bool = False
    cap: bool = False
    unit: bool = False
    default: bool = False


RULES = {
    "count": Rule(),
    "total": Rule(value="number"),
    "mean": Rule(value="number", default=True),
    "minimum": Rule(value="number", default=True),
    "maximum": Rule(value="number", default=True),
    "first": Rule(value="any", default=True),
    "last": Rule(value="any", default=True),
    "time_since_first": Rule(unit=True, default=True),
    "time_since_last": Rule(unit=True, default=True),
    "count_by": Rule(key=True),
    "total_by": Rule(value="number", key=True),
    "distinct": Rule(value="field", cap=True),
}


def check_aggregate(where: str, node: AggregateNode) -> None:
    """Raise InvalidSpec unless the node has the members its aggregate takes, each in range; ``where`` names it."""
    rule = RULES[node.aggregate]
    wanted = {
        "value": rule.value is not None,
        "key": rule.key,
        "cap": rule.cap,
        "unit_ms": rule.unit,
    }
    for member, needed in wanted.items():
        if (getattr(node, member) is not None) != needed:
            expected = f"a {member}" if needed else f"no {member}: {node.aggregate} takes none"
            raise InvalidSpec(f"{where}.{member}", getattr(node, member), expected)
    if node.default is not None and not rule.default:
        raise InvalidSpec(f"{where}.default", node.default, f"no default: {node.aggregate} is 0 before the first event")
    _check_value(where, node, rule)
    _check_key(where, node)
    _check_integer(f"{where}.cap", node.cap, 1, MAX_CAP)
    _check_integer(f"{where}.unit_ms", node.unit_ms, 1, MAX_SAFE_INTEGER)
    _check_window(where, node)
    values = node.value.type.values if node.value is not None and isinstance(node.value.type, Text) else None
    _check_default(where, node.default, node.reads_text, values)


def check_ratio(where: str, node: RatioNode) -> None:
    """Raise InvalidSpec unless both sides of a ratio are aggregates with a single number as read-out."""
    for side in (node.numerator, node.denominator):
        if not isinstance(side, AggregateNode) or side.vocabulary is not None or side.reads_text:
            raise InvalidSpec(f"{where}.ratio", side, "two aggregates with one number each")
    _check_default(where, node.default, False, None)


def check_attribute(where: str, node: AttributeNode) -> None:
    """Raise InvalidSpec unless the default of an attribute fits its declared field."""
    _check_default(where, node.default, node.reads_text, node.field.values if isinstance(node.field, Enum) else None)


def aggregates_of(node: Node) -> tuple[AggregateNode, ...]:
    """Return the aggregate nodes that a read-out needs."""
    if isinstance(node, RatioNode):
        return (node.numerator, node.denominator)
    return (node,) if isinstance(node, AggregateNode) else ()


def _check_value(where: str, node: AggregateNode, rule: Rule) -> None:
    for member, expression in (("value", node.value), ("where", node.where)):
        if expression is None:
            continue
        if not isinstance(expression, Expression) or expression.event not in (None, node.event_type):
            raise InvalidSpec(f"{where}.{member}", expression, f"an expression over {node.event}")
    if node.where is not None and node.where.type != Truth():
        raise InvalidSpec(f"{where}.where", node.where, "a predicate: true or false")
    if node.value is None:
        return
    is_field, is_number = node.value.operator == "field", isinstance(node.value.type, Number)
    fits = {"number": is_number, "any": is_field or is_number, "field": is_field}
    if rule.value is not None and (not fits[rule.value] or node.value.event is None):
        expected = {"number": "a number", "any": "a field or a number", "field": "a field"}[rule.value]
        raise InvalidSpec(f"{where}.value", node.value, expected)


def _check_key(where: str, node: AggregateNode) -> None:
    if node.key is None:
        if node.keys is not None:
            raise InvalidSpec(f"{where}.keys", node.keys, "a key that they belong to")
        return
    field = event_fields(node.event_type).get(node.key)
    if not isinstance(field, Enum | String):
        raise InvalidSpec(f"{where}.key", node.key, f"an enum or string field of {node.event}")
    if isinstance(field, Enum) and node.keys is not None:
        raise InvalidSpec(f"{where}.keys", node.keys, "none: the keys of an enum are its values")
    if isinstance(field, String):
        check_vocabulary(f"{where}.keys, since a string key names its own,", node.keys)


def _check_window(where: str, node: AggregateNode) -> None:
    if (node.window_ms is None) != (node.hop_ms is None):
        raise InvalidSpec(f"{where}.hop_ms", node.hop_ms, "window_ms and hop_ms together")
    if node.window_ms is None or node.hop_ms is None:
        return
    _check_integer(f"{where}.window_ms", node.window_ms, MIN_HOP_MS, MAX_SAFE_INTEGER)
    _check_integer(f"{where}.hop_ms", node.hop_ms, MIN_HOP_MS, node.window_ms)
    if node.window_ms > node.hop_ms * MAX_HOPS_A_WINDOW:
        raise InvalidSpec(
            f"{where}.window_ms", node.window_ms, f"at most {MAX_HOPS_A_WINDOW:,} hops; take a longer hop"
        )


def _check_integer(where: str, value: object, low: int, high: int) -> None:
    if value is not None and (type(value) is not int or not low <= value <= high):
        raise InvalidSpec(where, value, f"an integer of {low:,} .. {high:,}")


def _check_default(where: str, default: Default, text: bool, values: tuple[str, ...] | None) -> None:
    if default is None:
        return
    if text:
        fits = isinstance(default, str) and is_well_formed(default) and (values is None or default in values)
        expected = f"one of {', '.join(values)}" if values is not None else "a string"
    else:
        fits = type(default) in (int, float) and abs(default) <= MAX_SAFE_INTEGER  # type: ignore[arg-type]  # a number now
        expected = "a finite number, |x| < 2^53; leave default out where missing shall be NaN"
    if not fits:
        raise InvalidSpec(f"{where}.default", default, expected)
