"""The profile: what events fold into, and its canonical form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .aggregates.base import State, WrongState
from .canonical import canonical_json, parse_json, safe_integer
from .errors import InvalidProfile, SpecMismatch
from .plan import plan_of

if TYPE_CHECKING:
    from .spec import Spec


@dataclass(frozen=True)
class Profile:
    """A mergeable value of integers, strings, booleans and maps of them.

    ``last_ms`` is the largest time of any event folded, None before the first. ``state`` maps an aggregate's hash to its state; one equal
    to its zero is left out. Build it by ``fold``, ``merge`` or ``from_json``; it is never changed.
    """

    spec: Spec
    last_ms: int | None
    state: Mapping[str, State]

    def __repr__(self) -> str:
        spec = f"{self.spec.name} {self.spec.id[:12]}…"
        if self.last_ms is None:
            return f"<Profile of {spec}: no events>"
        counted = f"{len(self.state)} of {len(self.spec.aggregates)} aggregates"
        return f"<Profile of {spec}: {counted}, last event {_moment(self.last_ms)}>"

    def members(self) -> dict[str, Any]:
        """Return the profile as a JSON value."""
        aggregates = plan_of(self.spec).aggregates
        state = {name: aggregates[name].encode(held) for name, held in self.state.items()}
        return {"last_ms": self.last_ms, "spec": self.spec.id, "state": state}

    def to_json(self) -> bytes:
        """Return the canonical bytes (RFC 8785): equal for equal events, in every language."""
        return canonical_json(self.members())

    @classmethod
    def from_json(cls, spec: Spec, text: str | bytes | Mapping[str, Any]) -> Profile:
        """Read what ``to_json`` wrote, as text or parsed.

        Raises:
            SpecMismatch: it was folded by another spec.
            InvalidProfile: no fold by this spec can have produced it.
        """
        try:
            value = parse_json(text) if isinstance(text, str | bytes) else text
        except (ValueError, RecursionError) as error:
            raise InvalidProfile("the text", text, f"JSON ({error})") from None
        if not isinstance(value, Mapping) or set(value) != {"last_ms", "spec", "state"}:
            raise InvalidProfile("the form", value, "an object with last_ms, spec and state")
        if not isinstance(value["spec"], str):
            raise InvalidProfile("spec", value["spec"], "a spec's id")
        if value["spec"] != spec.id:
            raise SpecMismatch(value["spec"], spec.id)
        state = value["state"]
        if not isinstance(state, Mapping):
            raise InvalidProfile("state", state, "an object")
        if value["last_ms"] is None:
            if state:
                raise InvalidProfile("last_ms", None, "the time of its last event, since there is a state")
            return cls(spec, None, {})
        last_ms = safe_integer(value["last_ms"])
        if last_ms is None or last_ms < 0:
            raise InvalidProfile("last_ms", value["last_ms"], "an integer of 0 .. 2^53 - 1")
        return cls(spec, last_ms, {name: _decode(spec, name, held, last_ms) for name, held in state.items()})


def _moment(time_ms: int) -> str:
    """Return a time as ISO 8601 where the calendar has it (until the year 9999), else its milliseconds."""
    try:
        return (datetime(1970, 1, 1) + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds") + "Z"
    except OverflowError:
        return f"{time_ms} ms"


def _decode(spec: Spec, name: str, value: Any, last_ms: int) -> State:
    aggregate = plan_of(spec).aggregates.get(name)
    if aggregate is None:
        raise InvalidProfile("state", name, "the hash of one of the spec's aggregates")
    try:
        state = aggregate.decode(value, last_ms)
    except WrongState as wrong:
        raise InvalidProfile(f"state.{name}", value, str(wrong)) from None
    if state == aggregate.zero():
        raise InvalidProfile(f"state.{name}", value, "a state of some event")
    return state
