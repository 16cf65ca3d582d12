"""A kept profile: what a store holds of folded events, whichever specs they were folded by; and its canonical form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .canonical import canonical_json, parse_json, safe_integer
from .errors import InvalidProfile
from .field import is_well_formed
from .spec import Spec

MAX_DEPTH = 8
_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Entry:
    """An aggregate that is counted.

    ``state`` is its JSON, None before its first event. ``since_ms``: every event from then on is counted, None where all are.
    ``named_ms``: the last event when a spec last named it, None where the spec that wrote last does.
    """

    state: Any = None
    since_ms: int | None = None
    named_ms: int | None = None

    def members(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        members = {"state": self.state, "since_ms": self.since_ms, "named_ms": self.named_ms}
        return {name: member for name, member in members.items() if member is not None}


@dataclass(frozen=True)
class Kept:
    """What a store holds of its events: ``last_ms``, the time of the last, None before the first; and an entry for each aggregate hash.

    An aggregate without an entry was never counted here. Build it by ``keep``, ``add``, ``merge_kept`` or ``from_json``; it is never changed.
    """

    last_ms: int | None
    entries: Mapping[str, Entry]

    def members(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        return {"last_ms": self.last_ms, "states": {name: entry.members() for name, entry in self.entries.items()}}

    def to_json(self) -> bytes:
        """Return the canonical bytes (RFC 8785)."""
        return canonical_json(self.members())

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any], specs: Iterable[Spec] = ()) -> Kept:
        """Read what ``to_json`` wrote, or a profile's JSON, as text or parsed.

        A profile leaves out states of zero: where its spec is among ``specs``, they have entries too.

        Raises:
            InvalidProfile: it is neither. What a state holds is read by ``carry`` only.
        """
        try:
            value = parse_json(text) if isinstance(text, str | bytes) else text
        except (ValueError, RecursionError) as error:
            raise InvalidProfile("the text", text, f"JSON ({error})") from None
        if isinstance(value, Mapping) and set(value) == {"last_ms", "spec", "state"}:
            value = _of_profile(value, specs)
        if not isinstance(value, Mapping) or set(value) != {"last_ms", "states"}:
            raise InvalidProfile("the form", value, "an object with last_ms and states")
        if not isinstance(value["states"], Mapping):
            raise InvalidProfile("states", value["states"], "an object")
        last_ms = None if value["last_ms"] is None else _time("last_ms", value["last_ms"])
        kept = cls(last_ms, {name: _entry(name, entry) for name, entry in value["states"].items()})
        if last_ms is None and any(entry.state is not None for entry in kept.entries.values()):
            raise InvalidProfile("last_ms", None, "the time of its last event, since there is a state")
        return kept


def _of_profile(value: Mapping[str, Any], specs: Iterable[Spec]) -> dict[str, Any]:
    if not isinstance(value["state"], Mapping):
        raise InvalidProfile("state", value["state"], "an object")
    states: dict[str, Any] = {name: {"state": state} for name, state in value["state"].items()}
    for spec in specs:
        if spec.id == value["spec"]:
            states = {name: {} for name in spec.aggregates} | states
    return {"last_ms": value["last_ms"], "states": states}


def _entry(name: str, value: Any) -> Entry:
    if not _HASH.fullmatch(name):
        raise InvalidProfile("states", name, "the hash of an aggregate: 16 hex digits")
    if not isinstance(value, Mapping) or not set(value) <= {"state", "since_ms", "named_ms"}:
        raise InvalidProfile(f"states.{name}", value, "an object with state, since_ms and named_ms, or some of them")
    since, named = (_time(f"states.{name}.{m}", value[m]) if m in value else None for m in ("since_ms", "named_ms"))
    return Entry(_plain(f"states.{name}", value["state"], MAX_DEPTH) if "state" in value else None, since, named)


def _time(where: str, value: Any) -> int:
    time = safe_integer(value)
    if time is None or time < 0:
        raise InvalidProfile(where, value, "an integer of 0 .. 2^53 - 1")
    return time


def _plain(where: str, value: Any, depth: int) -> Any:
    """Return a state's JSON, made of what every language writes alike: integers, strings, booleans, lists and objects of them."""
    if type(value) is bool or (isinstance(value, str) and is_well_formed(value)):
        return value
    number = safe_integer(value)
    if number is not None:
        return number
    if depth and isinstance(value, list):
        return [_plain(where, item, depth - 1) for item in value]
    if depth and isinstance(value, Mapping) and all(is_well_formed(name) for name in value):
        return {name: _plain(where, item, depth - 1) for name, item in value.items()}
    raise InvalidProfile(where, value, f"integers, strings, booleans, and lists and objects of them {MAX_DEPTH} deep")
