"""What every aggregate is, and what a state is checked against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..canonical import MAX_SAFE_INTEGER, safe_integer
from ..event import event_fields
from ..field import MAX_STRING_CODE_POINTS, Boolean, Enum, Field, Refused, String, is_well_formed
from ..node import AggregateNode

State = Any
"""An aggregate's state: integers, strings, booleans, and containers of them; each aggregate says which."""

Moment = tuple[int, str, int]
"""When an event came, in total order: (time, replica, seq)."""


@dataclass(frozen=True)
class Sifted:
    """A kept state, of any vocabulary, as one spec reads it: two states of the aggregate, which its caller owns."""

    inside: State
    """What the spec's vocabulary has."""
    outside: State
    """What it lacks, held for a spec that has it."""
    since_ms: int | None = None
    """Inside counts every event from here on; None where it counts all. It lacks some where the outside displaced them."""
    lost: bool = False
    """Whether some of it could not be read, and is in neither."""


class WrongState(ValueError):
    """JSON that is no state of an aggregate; the message says what was expected."""


class Aggregate(Protocol):
    """``zero`` is the unit of ``merge``, which is associative and commutative; ``update(s, …)`` equals
    ``merge(s, update(zero(), …))``. ``update`` and ``merge`` may change their first argument, which the caller owns."""

    def zero(self) -> State:
        """Return the state of no events."""

    def update(self, state: State, value: Any, moment: Moment) -> State:
        """Return the state with one more event, whose value is not missing."""

    def merge(self, a: State, b: State) -> State:
        """Return the state of the events of both."""

    def finalize(self, state: State, now_ms: int) -> Any:
        """Return the read-out at a time: a float, a string, a list of floats by key, or None where it is missing."""

    def encode(self, state: State) -> Any:
        """Return the state as JSON."""

    def decode(self, value: Any, last_ms: int) -> State:
        """Return the state that ``encode`` wrote for a profile whose last event is at ``last_ms``, else raise WrongState."""

    def sift(self, value: Any, last_ms: int) -> Sifted:
        """Read a kept state whose last event is at ``last_ms``, pruned; never raises."""

    def join(self, inside: State, outside: State) -> Any:
        """Return the kept state, as JSON, that ``sift`` reads as these two, not both zero."""

    def max_bytes(self) -> int:
        """Return the most bytes that a state takes as JSON."""


def as_quotient(quantity: int, divisor: int) -> float:
    """Divide two exact integers as doubles: each to the nearest double, then one division."""
    return float(quantity) / float(divisor)


def sift_whole(aggregate: Aggregate, value: Any, last_ms: int) -> Sifted:
    """Sift a state that no vocabulary cuts: all of it is inside, or it can't be read."""
    zero = aggregate.zero()
    try:
        state = aggregate.decode(value, last_ms)
    except WrongState:
        return Sifted(zero, zero, lost=True)
    return Sifted(state, zero, lost=state == zero)


def decode_time(value: Any, last_ms: int) -> int:
    """Return a time of 0 .. last_ms, else raise WrongState."""
    time = safe_integer(value)
    if time is None or not 0 <= time <= last_ms:
        raise WrongState(f"a time of 0 .. {last_ms}, its last event's")
    return time


@dataclass(frozen=True)
class Domain:
    """The values that may stand in a state: what ``accept`` returns, or raises WrongState for; ``max_bytes`` as JSON."""

    accept: Callable[[Any], Any]
    max_bytes: int
    text: bool = False
    """Whether they are strings: then another spec's vocabulary or length may be larger."""

    def sift(self, value: Any) -> tuple[bool, Any]:
        """Return whether the value is inside the domain, and the value; raise WrongState where it is in no spec's."""
        try:
            return True, self.accept(value)
        except WrongState:
            if self.text and type(value) is str and len(value) <= MAX_STRING_CODE_POINTS and is_well_formed(value):
                return False, value
            raise


def domain_of(node: AggregateNode) -> Domain:
    """Return the domain of an aggregate's value."""
    expression = node.value
    if expression is None or expression.operator != "field":
        return Domain(_accept_number, _NUMBER_BYTES)
    return field_domain(event_fields(node.event_type)[expression.operands[0]])


def field_domain(field: Field) -> Domain:
    """Return the domain of a field's values as they are kept."""
    if isinstance(field, Boolean | Enum | String):
        return Domain(_accepted_by(field), _field_bytes(field), text=not isinstance(field, Boolean))
    return Domain(_accept_number, _NUMBER_BYTES)


_NUMBER_BYTES = len(str(-MAX_SAFE_INTEGER))


def _accept_number(value: Any) -> int:
    number = safe_integer(value)
    if number is None:
        raise WrongState("an integer, |n| < 2^53")
    return number


def _accepted_by(field: Field) -> Callable[[Any], Any]:
    def accept(value: Any) -> Any:
        try:
            return field.accept(value)
        except Refused as refused:
            raise WrongState(str(refused)) from None

    return accept


def _field_bytes(field: Boolean | Enum | String) -> int:
    if isinstance(field, Boolean):
        return len("false")
    if isinstance(field, Enum):
        return max(text_bytes(value) for value in field.values)
    return 2 + 6 * field.max  # a control character is six bytes: \u0000


def text_bytes(text: str) -> int:
    """Return the bytes of a string as canonical JSON."""
    assert is_well_formed(text)
    from ..canonical import canonical_json

    return len(canonical_json(text))
