"""The reducer spec: which events there are, and which features they fold into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .aggregates import aggregate_for
from .canonical import MAX_SAFE_INTEGER, canonical_json, content_hash, parse_json
from .errors import InvalidAttribute, InvalidSpec, listed
from .evaluate import arithmetic_of
from .event import (
    Event,
    EventType,
    Validator,
    event_fields,
    event_name,
    event_validator,
)
from .expression import Expression
from .field import FIELD_EXPECTED, Field, Refused, Value, as_spec_value, check_field_name, check_name, parse_field
from .node import AggregateNode, AttributeNode, Default, Node
from .parse import parse_node
from .rules import aggregates_of, check_attribute

FORMAT = 1
MAX_FEATURES = 500


@dataclass(frozen=True)
class Feature:
    """A named read-out."""

    name: str
    node: Node


@dataclass(frozen=True)
class Column:
    """One entry of the model's input row: ``type`` is ``"number"`` (float64) or ``"string"``; ``key`` is of a keyed feature."""

    name: str
    type: str
    default: Default
    feature: str
    key: str | None = None


class Spec:
    """A reducer spec. Immutable; two with the same ``id`` fold alike everywhere.

    Args:
        name: a letter, then letters, digits or ``_``.
        events: the event types, as ``event(…)`` gives.
        features: from each feature's name to what it reads, in the order of the model's columns.
        attributes: from each attribute's name to its field type; the server sets them.
        triggers: the event types whose arrival re-scores.

    Raises:
        InvalidSpec: names the part, its value, and what was expected.
    """

    def __init__(
        self,
        name: str,
        *,
        events: Sequence[EventType],
        features: Mapping[str, Node],
        attributes: Mapping[str, Field] | None = None,
        triggers: Sequence[EventType] = (),
    ) -> None:
        self.name = check_name("the name of a spec", name)
        types = _event_types("events", events)
        self.events = {event_name(event): event for event in types}
        if not types or len(self.events) != len(types):
            raise InvalidSpec("events", [event_name(event) for event in types], "at least one, each name once")
        if not isinstance(attributes, Mapping | None):
            raise InvalidSpec(
                "attributes", attributes, "each one's field type: attributes={'country': enum('GB', 'FR')}"
            )
        self.attributes = dict(attributes or {})
        for attribute, field in self.attributes.items():
            check_field_name("an attribute", attribute)
            if not isinstance(field, Field):
                raise InvalidSpec(f"attribute {attribute}", field, FIELD_EXPECTED)
        if not isinstance(features, Mapping):
            example = f"features={{'orders': count({next(iter(self.events))})}}"
            raise InvalidSpec("features", features, f"a read-out for each name: {example}")
        if not 1 <= len(features) <= MAX_FEATURES:
            raise InvalidSpec("features", len(features), f"1 to {MAX_FEATURES} of them")
        self.features = tuple(self._feature(feature, node) for feature, node in features.items())
        rescoring = _event_types("triggers", triggers)
        for trigger in rescoring:
            self._check_declared("a trigger", trigger)
        self.triggers = tuple(event_name(trigger) for trigger in rescoring)
        if len(set(self.triggers)) != len(self.triggers):
            raise InvalidSpec("triggers", list(self.triggers), "each event type once")

    def _feature(self, name: str, node: Node) -> Feature:
        check_name("a feature", name)
        if not isinstance(node, Node):
            expected = "an aggregate, a ratio or an attribute"
            if isinstance(node, EventType):
                expected += f": count({event_name(node)})"
            elif isinstance(node, Expression):
                expected += f" of it: last({node!r})"
            raise InvalidSpec(f"feature {name}", node, expected)
        for aggregate in aggregates_of(node):
            self._check_declared(f"the event of feature {name}", aggregate.event_type)
        if isinstance(node, AttributeNode):
            if node.attribute not in self.attributes:
                raise InvalidSpec(
                    f"feature {name}", node.attribute, f"an attribute: {listed(self.attributes, node.attribute)}"
                )
            node = replace(node, field=self.attributes[node.attribute])
            check_attribute(f"feature {name}", node)
        return Feature(name, node)

    def _check_declared(self, what: str, event: EventType) -> None:
        if not isinstance(event, EventType) or self.events.get(event_name(event)) != event:
            raise InvalidSpec(what, event, f"one of the spec's events: {', '.join(self.events)}")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The model's input row: a column a feature, or one a key where it has keys."""
        columns: list[Column] = []
        for feature in self.features:
            node = feature.node
            if node.vocabulary is None:
                columns.append(
                    Column(feature.name, "string" if node.reads_text else "number", node.default, feature.name)
                )
            else:
                columns += [Column(f"{feature.name}={k}", "number", None, feature.name, k) for k in node.vocabulary]
        return tuple(columns)

    @cached_property
    def aggregates(self) -> dict[str, AggregateNode]:
        """The aggregate nodes by hash: those with one hash share one state."""
        return {node.hash: node for feature in self.features for node in aggregates_of(feature.node)}

    @cached_property
    def validate(self) -> Validator:
        """The check that every event passes before it is folded."""
        arithmetic: dict[str, list[Expression]] = {}
        for node in self.aggregates.values():
            for expression in node.expressions():
                arithmetic.setdefault(node.event, []).extend(arithmetic_of(expression))
        return event_validator(list(self.events.values()), arithmetic)

    @cached_property
    def max_state_bytes(self) -> int:
        """The most bytes that a profile of this spec takes as canonical JSON, whatever its events."""
        envelope = len('{"last_ms":,"spec":"","state":{}}') + len(str(MAX_SAFE_INTEGER)) + len(self.id)
        states = (len(f'"{name}":,') + aggregate_for(node).max_bytes() for name, node in self.aggregates.items())
        return envelope + sum(states)

    def _members(self) -> dict[str, Any]:
        return {
            "edgefold": FORMAT,
            "name": self.name,
            "events": {
                name: {field: kind.to_json() for field, kind in event_fields(event).items()}
                for name, event in self.events.items()
            },
            "attributes": {name: field.to_json() for name, field in self.attributes.items()},
            "features": [{"name": feature.name} | feature.node.to_json() for feature in self.features],
            "triggers": list(self.triggers),
        }

    @cached_property
    def id(self) -> str:
        """The SHA-256 of the canonical JSON, in lower-case hex."""
        return content_hash(self._members())

    def to_json(self) -> str:
        """Return the canonical JSON (RFC 8785)."""
        return canonical_json(self._members()).decode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return Spec.from_json, (self.to_json(),)  # what it made of itself, such as the check of an event, is made again

    def __repr__(self) -> str:
        return f"<Spec {self.name} {self.id[:12]}…: {len(self.features)} features of {', '.join(self.events)}>"

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> Spec:
        """Build a spec from its JSON, as text or parsed.

        Raises:
            InvalidSpec: it is not JSON, or not a spec.
        """
        try:
            value = parse_json(text) if isinstance(text, str | bytes) else text
        except (ValueError, RecursionError) as error:
            raise InvalidSpec("the spec", text, f"JSON ({error})") from None
        members = {"edgefold", "name", "events", "attributes", "features", "triggers"}
        if not isinstance(value, Mapping) or set(value) != members:
            raise InvalidSpec("the spec", value, f"an object with the members {', '.join(sorted(members))}")
        if as_spec_value(value["edgefold"]) != FORMAT or value["edgefold"] is True:
            raise InvalidSpec("edgefold", value["edgefold"], f"{FORMAT}, the format that this version reads")
        events = {
            name: EventType(check_name("an event", name), _fields(name, fields))
            for name, fields in _object("events", value["events"]).items()
        }
        features: dict[str, Node] = {}
        for member in _list("features", value["features"]):
            feature = check_name("a feature", _object("a feature", member).get("name"))
            if feature in features:
                raise InvalidSpec("features", feature, "each name once")
            features[feature] = parse_node(feature, {k: v for k, v in member.items() if k != "name"}, events)
        triggers = _list("triggers", value["triggers"])
        for trigger in triggers:
            if not isinstance(trigger, str) or trigger not in events:
                raise InvalidSpec("a trigger", trigger, f"one of the spec's events: {', '.join(events)}")
        return cls(
            value["name"],
            events=list(events.values()),
            features=features,
            attributes=_fields("attribute", value["attributes"]),
            triggers=[events[trigger] for trigger in triggers],
        )


def validate_event(spec: Spec, event: object) -> Event:
    """Return the event as it is kept: decimals quantised, every declared field there.

    Raises:
        InvalidEvent: names the field, its value, and what was expected.
    """
    return spec.validate(event)


def validate_attributes(spec: Spec, attributes: Mapping[str, object] | None) -> dict[str, Value]:
    """Return attributes as they are kept: decimals quantised, absent ones left out.

    Raises:
        InvalidAttribute: undeclared, or with a value that its field refuses.
    """
    kept: dict[str, Value] = {}
    for name, value in (attributes or {}).items():
        if name not in spec.attributes:
            raise InvalidAttribute(
                name, value, f"a declared attribute: {listed(spec.attributes, name) or 'there are none'}"
            )
        if value is not None:
            try:
                kept[name] = spec.attributes[name].accept(value)
            except Refused as refused:
                raise InvalidAttribute(name, value, str(refused)) from None
    return kept


def _event_types(member: str, given: object) -> list[EventType]:
    """Return what is given as ``events`` or ``triggers``, a list of event types, else raise InvalidSpec."""
    if isinstance(given, EventType):
        raise InvalidSpec(member, given, f"a list: {member}=[{event_name(given)}]")
    if isinstance(given, Mapping):
        raise InvalidSpec(member, given, f"a list, since each has its name: {member}=[{', '.join(map(str, given))}]")
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidSpec(member, given, f"a list of event types, as event(…) gives: {member}=[…]")
    types = list(given)
    for event in types:
        if isinstance(event, str):
            raise InvalidSpec(
                f"one of {member}", event, f"the event type, without quotes: {event} = event({event!r}, …)"
            )
        if not isinstance(event, EventType):
            raise InvalidSpec(f"one of {member}", event, "an event type, as event(…) gives")
    return types


def _fields(owner: str, value: object) -> dict[str, Field]:
    fields = _object(f"the fields of {owner}", value)
    return {check_field_name(f"a field of {owner}", n): parse_field(f"{owner}.{n}", f) for n, f in fields.items()}


def _object(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidSpec(where, value, "an object")
    return value


def _list(where: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidSpec(where, value, "a list")
    return value
