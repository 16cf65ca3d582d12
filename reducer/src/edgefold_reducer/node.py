"""What a feature reads: an aggregate over events, a ratio of two, or an attribute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .canonical import content_hash
from .duration import DAY, Duration, default_hop
from .event import EventType, event_fields, event_name
from .expression import Expression, Number, Text
from .field import OTHER_KEY, Decimal, Enum, Field, String

Default = float | int | str | None


@dataclass(frozen=True, eq=False)
class AggregateNode:
    """An aggregate over the events of one type; members that do not apply are None."""

    aggregate: str
    event_type: EventType
    value: Expression | None = None
    where: Expression | None = None
    window_ms: int | None = None
    hop_ms: int | None = None
    key: str | None = None
    keys: tuple[str, ...] | None = None
    cap: int | None = None
    unit_ms: int | None = None
    default: Default = None

    @property
    def event(self) -> str:
        """The name of the event type."""
        return event_name(self.event_type)

    @property
    def scale(self) -> int:
        """The scale of the value, 0 where it is no number."""
        return self.value.type.scale if self.value is not None and isinstance(self.value.type, Number) else 0

    @property
    def reads_text(self) -> bool:
        """Whether the read-out is a string."""
        return self.aggregate in ("first", "last") and self.value is not None and isinstance(self.value.type, Text)

    @cached_property
    def vocabulary(self) -> tuple[str, ...] | None:
        """The keys of the read-out, in order; None where it is a single value."""
        if self.key is None:
            return None
        field = event_fields(self.event_type)[self.key]
        return field.values if isinstance(field, Enum) else (*(self.keys or ()), OTHER_KEY)

    def expressions(self) -> list[Expression]:
        """Return its value and its predicate, where there are any."""
        return [expression for expression in (self.value, self.where) if expression is not None]

    def fields(self) -> dict[str, Field]:
        """Return the fields of the event that it reads."""
        names = {name for expression in self.expressions() for name in expression.field_names()}
        names |= {self.key} if self.key is not None else set()
        return {name: field for name, field in event_fields(self.event_type).items() if name in names}

    def _state_members(self) -> dict[str, Any]:
        members = {
            "aggregate": self.aggregate,
            "event": self.event,
            "value": None if self.value is None else self.value.to_json(),
            "where": None if self.where is None else self.where.to_json(),
            "window_ms": self.window_ms,
            "hop_ms": self.hop_ms,
            "key": self.key,
            "keys": None if self.keys is None else list(self.keys),
            "cap": self.cap,
        }
        return {name: member for name, member in members.items() if member is not None}

    @cached_property
    def hash(self) -> str:
        """The name of its state: 16 hex digits of the SHA-256 of all that determines it."""
        fields = {name: _state_type(field) for name, field in self.fields().items()}
        return content_hash(self._state_members() | {"fields": fields})[:16]

    def __repr__(self) -> str:
        subject = [repr(self.value) if self.value is not None else self.event]
        if self.key is not None:
            key = f"{self.event}.{self.key}"
            subject = [*subject, key] if self.value is not None else [key]
        return _call(self.aggregate, *subject, **self._shown_members())

    def _shown_members(self) -> dict[str, Any]:
        """Return the members as the authoring form takes them, None where it needs not say them."""
        within = None if self.window_ms is None else Duration(self.window_ms)
        hop = None if self.hop_ms is None or within is None else Duration(self.hop_ms)
        unit = None if self.unit_ms is None else Duration(self.unit_ms)
        return {
            "keys": None if self.keys is None else list(self.keys),
            "cap": self.cap,
            "unit": None if unit == DAY else unit,
            "where": self.where,
            "within": within,
            "hop": None if within is None or hop == default_hop(within) else hop,
            "default": self.default,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON."""
        extra = {"unit_ms": self.unit_ms, "default": self.default}
        return self._state_members() | {name: member for name, member in extra.items() if member is not None}


@dataclass(frozen=True, eq=False)
class RatioNode:
    """The quotient of two read-outs."""

    numerator: AggregateNode
    denominator: AggregateNode
    default: Default = None

    reads_text = False
    vocabulary = None

    def __repr__(self) -> str:
        return _call("ratio", repr(self.numerator), repr(self.denominator), default=self.default)

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON."""
        ratio = {"ratio": [self.numerator.to_json(), self.denominator.to_json()]}
        return ratio if self.default is None else ratio | {"default": self.default}


@dataclass(frozen=True, eq=False)
class AttributeNode:
    """An attribute that the server sets; ``field`` is its declared type."""

    attribute: str
    default: Default = None
    field: Field | None = None

    vocabulary = None

    @property
    def reads_text(self) -> bool:
        """Whether the read-out is a string."""
        return isinstance(self.field, Enum | String)

    def __repr__(self) -> str:
        return _call("attribute", repr(self.attribute), default=self.default)

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON."""
        attribute = {"attribute": self.attribute}
        return attribute if self.default is None else attribute | {"default": self.default}


Node = AggregateNode | RatioNode | AttributeNode


def _state_type(field: Field) -> dict[str, Any]:
    """What of a field determines a state: not its vocabulary or length, which may grow."""
    kind = {"type": field.to_json()["type"]}
    return kind | {"scale": field.scale} if isinstance(field, Decimal) else kind


def _call(function: str, *arguments: str, **members: Any) -> str:
    """Return a call as one would type it: the arguments' text, then the members that are not None."""
    named = [f"{name}={member!r}" for name, member in members.items() if member is not None]
    return f"{function}({', '.join([*arguments, *named])})"
