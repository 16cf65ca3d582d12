"""Read-outs from their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidSpec
from .event import EventType, event_fields
from .expression import parse_expression
from .field import as_spec_value
from .node import AggregateNode, AttributeNode, Node, RatioNode
from .rules import RULES, check_aggregate, check_ratio

_AGGREGATE_MEMBERS = {
    "aggregate", "event", "value", "where", "window_ms", "hop_ms", "key", "keys", "cap", "unit_ms", "default",
}  # fmt: skip


def parse_node(where: str, value: Mapping[str, Any], events: Mapping[str, EventType]) -> Node:
    """Build a read-out from its JSON; ``where`` names it in an error.

    Raises:
        InvalidSpec: an unknown member, a wrong value, or a member that does not apply.
    """
    for member, given in value.items():
        if given is None:
            raise InvalidSpec(f"{where}.{member}", None, "a value, or no such member")
    if "attribute" in value:
        _only(where, value, {"attribute", "default"})
        if not isinstance(value["attribute"], str):
            raise InvalidSpec(f"{where}.attribute", value["attribute"], "the name of an attribute")
        return AttributeNode(value["attribute"], as_spec_value(value.get("default")))
    if "ratio" in value:
        _only(where, value, {"ratio", "default"})
        sides = value["ratio"]
        if not isinstance(sides, list) or len(sides) != 2 or not all(isinstance(side, dict) for side in sides):
            raise InvalidSpec(f"{where}.ratio", sides, "a list of two aggregates")
        numerator, denominator = (parse_node(f"{where}.ratio", side, events) for side in sides)
        ratio = RatioNode(numerator, denominator, as_spec_value(value.get("default")))  # type: ignore[arg-type]  # next
        check_ratio(where, ratio)
        return ratio
    return _parse_aggregate(where, value, events)


def _parse_aggregate(where: str, value: Mapping[str, Any], events: Mapping[str, EventType]) -> AggregateNode:
    _only(where, value, _AGGREGATE_MEMBERS)
    if not isinstance(value.get("aggregate"), str) or value["aggregate"] not in RULES:
        raise InvalidSpec(f"{where}.aggregate", value.get("aggregate"), f"one of {', '.join(RULES)}")
    if not isinstance(value.get("event"), str) or value["event"] not in events:
        raise InvalidSpec(f"{where}.event", value.get("event"), f"one of the spec's events: {', '.join(events)}")
    event = events[value["event"]]
    members = {name: as_spec_value(member) for name, member in value.items() if name not in ("event", "value", "where")}
    if "keys" in members:
        members["keys"] = tuple(members["keys"]) if isinstance(members["keys"], list) else members["keys"]
    for name in ("value", "where"):
        if name in value:
            members[name] = parse_expression(f"{where}.{name}", value[name], event, event_fields(event))
    if "key" in members and not isinstance(members["key"], str):
        raise InvalidSpec(f"{where}.key", members["key"], "the name of a field")
    node = AggregateNode(event_type=event, **members)
    check_aggregate(where, node)
    return node


def _only(where: str, value: Mapping[str, Any], known: set[str]) -> None:
    for member in value:
        if member not in known:
            raise InvalidSpec(where, member, f"only the members {', '.join(sorted(known))}")
