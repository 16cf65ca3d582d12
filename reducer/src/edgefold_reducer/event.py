"""Event types, and the one check that every event passes before it is folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .canonical import safe_integer
from .errors import InvalidEvent, InvalidSpec, listed
from .evaluate import Data, evaluator
from .expression import Expression, field_expression
from .field import FIELD_EXPECTED, Field, Refused, Value, advice, check_field_name, check_name
from .times import time_advice


class EventType:
    """An event type and its fields: ``order.amount``, or ``order["amount"]``, is a field to build expressions of.

    It has no public attribute of its own, so that no field's name is taken.
    """

    def __init__(self, name: str, fields: Mapping[str, Field]) -> None:
        self._name, self._fields = name, dict(fields)

    def __getitem__(self, field: str) -> Expression:
        if field not in self._fields:
            raise InvalidSpec("a field", field, f"a field of {self._name}: {listed(self._fields, field)}")
        return field_expression(self, field, self._fields[field])

    def __getattr__(self, field: str) -> Expression:
        if field.startswith("_"):
            raise AttributeError(field)
        try:
            return self[field]
        except InvalidSpec as error:
            raise AttributeError(str(error)) from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventType) and (self._name, self._fields) == (other._name, other._fields)

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"event({', '.join([repr(self._name), *(f'{name}={field!r}' for name, field in self._fields.items())])})"


def event(name: str, /, **fields: Field) -> EventType:
    """Declare an event type and its fields."""
    check_name("the name of an event", name)
    for field, kind in fields.items():
        check_field_name(f"a field of {name}", field)
        if not isinstance(kind, Field):
            raise InvalidSpec(f"{name}.{field}", kind, FIELD_EXPECTED)
    return EventType(name, fields)


def event_name(event_type: EventType) -> str:
    """Return the name of an event type."""
    return event_type._name


def event_fields(event_type: EventType) -> dict[str, Field]:
    """Return the fields of an event type, in order."""
    return event_type._fields


@dataclass(frozen=True, slots=True)
class Event:
    """An event that passed: ``data`` has every declared field, None where it is missing."""

    type: str
    time: int
    seq: int | None
    data: Data


Validator = Callable[[object], Event]


def event_validator(types: Sequence[EventType], arithmetic: Mapping[str, list[Expression]]) -> Validator:
    """Return the check of an event against its type, and against the range of the spec's ``arithmetic`` on it."""
    declared = {event_name(event_type): event_fields(event_type) for event_type in types}
    plans = {
        event_name(event_type): (
            event_fields(event_type).keys(),
            [(name, field.accept, field.optional) for name, field in sorted(event_fields(event_type).items())],
            [(node, evaluator(node)) for node in arithmetic.get(event_name(event_type), [])],
        )
        for event_type in types
    }

    def validate(value: object) -> Event:
        if not isinstance(value, Mapping):
            raise InvalidEvent(None, None, value, "an object with type, time and data")
        name = value.get("type")
        plan = plans.get(name) if isinstance(name, str) else None
        if plan is None or name is None:
            raise InvalidEvent(None, "type", name, f"a declared event type: {listed(plans, name)}")
        known, fields, checks = plan
        time = safe_integer(value.get("time"))
        if time is None or time < 0:
            expected = "an integer of 0 .. 2^53 - 1, milliseconds since 1970"
            raise InvalidEvent(name, "time", value.get("time"), expected, time_advice(value.get("time")))
        seq = value.get("seq")
        if seq is not None:
            seq = safe_integer(seq)
            if seq is None or seq < 1:
                raise InvalidEvent(name, "seq", value["seq"], "an integer of 1 .. 2^53 - 1")
        raw = value.get("data")
        if not isinstance(raw, Mapping):
            raise InvalidEvent(name, "data", raw, "an object")
        if not raw.keys() <= known:
            undeclared = next(field for field in raw if field not in known)
            raise InvalidEvent(name, str(undeclared), raw[undeclared], f"a declared field: {listed(known, undeclared)}")
        data: dict[str, Value | None] = {}
        field = ""
        try:
            for field, accept, optional in fields:
                given = raw.get(field)
                if given is not None:
                    data[field] = accept(given)
                elif optional:
                    data[field] = None
                else:
                    accept(None)
        except Refused as refused:
            todo = advice(field, declared[name][field], given)
            raise InvalidEvent(name, field, given, str(refused), todo) from None
        _check_arithmetic(name, data, checks)
        return Event(name, time, seq, data)

    return validate


def _check_arithmetic(name: str, data: Data, checks: list[tuple[Expression, Callable[[Data], Any]]]) -> None:
    for node, evaluate in checks:
        try:
            evaluate(data)
        except Refused as refused:
            field = " ".join(sorted(node.field_names()))
            given = {field: data[field] for field in sorted(node.field_names())}
            raise InvalidEvent(name, field, given, str(refused)) from None
