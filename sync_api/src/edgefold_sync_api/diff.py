"""A diff: the body of ``POST /v1/diffs``, parsed once from untrusted JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import edgefold_reducer as ef
from edgefold_reducer.canonical import MAX_SAFE_INTEGER, safe_integer

from .errors import ClockAhead, InvalidProfile, InvalidRequest, SpecMismatch, SubjectMismatch

MAX_EVENTS = 1_024
"""Of a diff that is not the whole contribution, and of the ids that a whole one carries."""
MAX_EPOCH = 10**9
MAX_AHEAD_MS = 86_400_000
MEMBERS = ("replica", "spec", "epoch", "from", "to", "prev", "ids", "delta")
OPTIONAL_MEMBERS = ("since", "subject_tag")

_HEX_32 = re.compile(r"[0-9a-f]{32}")
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{8,22}")


@dataclass(frozen=True)
class Diff:
    """The events ``first..last`` of one replica as a profile; ``first`` 0 is the whole contribution, events 1..last.

    ``prev`` is the id of the event before (``""`` for none), ``ids`` those of the events, oldest first (the last 1,024 of a whole
    contribution). ``since_ms`` tells, by aggregate hash, since when the delta counts every event, where it may lack earlier ones.
    """

    replica: str
    epoch: int
    first: int
    last: int
    prev: str
    ids: tuple[str, ...]
    delta: ef.Profile
    since_ms: Mapping[str, int] = field(default_factory=dict)


Specs = Callable[[str], ef.Spec]
"""Gives the live spec of an id, or raises SpecMismatch."""


def parse_diff(specs: Specs, value: object, subject_tag: str, now_ms: int, where: str = "") -> Diff:
    """Return the diff that JSON holds, of the subject with this tag; its own spec parses it.

    ``where`` prefixes the fields in an error, ``now_ms`` is the server's clock.

    Raises:
        InvalidRequest: names the member, its value, and what was expected.
        SubjectMismatch: the diff names another subject's tag.
        SpecMismatch: the diff is of a spec that is not live, or its delta is of another.
        InvalidProfile: the delta is no profile of the spec, or one of no events.
        ClockAhead: the delta's last event is more than a day past ``now_ms``.
    """
    members = check_members(where, value, MEMBERS, OPTIONAL_MEMBERS)
    replica = check_replica(f"{where}replica", members["replica"])
    spec_id = check_spec_id(f"{where}spec", members["spec"])
    epoch = check_integer(f"{where}epoch", members["epoch"], 0, MAX_EPOCH)
    first = check_integer(f"{where}from", members["from"], 0, MAX_SAFE_INTEGER)
    last = check_integer(f"{where}to", members["to"], max(first, 1), MAX_SAFE_INTEGER)
    count = min(last, MAX_EVENTS) if first == 0 else last - first + 1
    if count > MAX_EVENTS:
        raise InvalidRequest(f"{where}to", last, f"at most {first + MAX_EVENTS - 1}, {MAX_EVENTS} events after from")
    prev = members["prev"]
    if first <= 1 and prev != "":
        raise InvalidRequest(f"{where}prev", prev, "an empty string, since no event comes before")
    if first > 1:
        check_event_id(f"{where}prev", prev)
    ids = members["ids"]
    if not isinstance(ids, list) or len(ids) != count:
        raise InvalidRequest(f"{where}ids", ids, f"a list of {count} ids, one an event")
    for index, event_id in enumerate(ids):
        check_event_id(f"{where}ids[{index}]", event_id)
    if len(set(ids)) != count or prev in ids:
        raise InvalidRequest(f"{where}ids", ids, "ids that differ from each other and from prev")
    _check_subject(f"{where}subject_tag", members.get("subject_tag"), subject_tag)
    spec = specs(spec_id)
    since_ms = _parse_since(f"{where}since", members.get("since"), spec)
    delta = _parse_delta(spec, members["delta"], now_ms)
    return Diff(replica, epoch, first, last, prev, tuple(ids), delta, since_ms)


def _check_subject(where: str, given: object, expected: str) -> None:
    if given is None:
        return
    if not isinstance(given, str) or _HEX_32.fullmatch(given) is None:
        raise InvalidRequest(where, given, "a subject's tag, 32 lower-case hex digits")
    if given != expected:
        raise SubjectMismatch(given, expected)


def _parse_since(where: str, given: object, spec: ef.Spec) -> dict[str, int]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidRequest(where, given, "an object: by aggregate hash, since when (ms) every event is counted")
    for name in given:
        if name not in spec.aggregates:
            raise InvalidRequest(where, name, "the hashes of aggregates of the diff's spec")
    return {name: check_integer(f"{where}.{name}", since, 0, MAX_SAFE_INTEGER) for name, since in given.items()}


def _parse_delta(spec: ef.Spec, value: Any, now_ms: int) -> ef.Profile:
    if not isinstance(value, Mapping):
        raise InvalidProfile("the form", value, "an object with last_ms, spec and state")
    try:
        delta = ef.Profile.from_json(spec, value)
    except ef.InvalidProfile as error:
        raise InvalidProfile(error.where, error.value, error.expected) from None
    except ef.SpecMismatch as error:
        raise SpecMismatch(error.given, error.expected) from None
    if delta.last_ms is None:
        raise InvalidProfile("last_ms", None, "the time of its last event, since a diff has one event or more")
    if delta.last_ms > now_ms + MAX_AHEAD_MS:
        raise ClockAhead(delta.last_ms, now_ms)
    return delta


def check_members(
    where: str, value: object, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """Return value where it is an object with the required members and no others than the optional ones."""
    names = ", ".join(required + optional)
    if not isinstance(value, Mapping):
        raise InvalidRequest(where.rstrip(".") or "the body", value, f"an object with the members {names}")
    for name in required:
        if name not in value:
            raise InvalidRequest(f"{where}{name}", None, f"a value; the members are {names}")
    for name in value:
        if name not in required and name not in optional:
            raise InvalidRequest(
                f"{where}{name}" if name.isascii() else where or "the body", name, f"only the members {names}"
            )
    return value


def check_replica(where: str, value: object) -> str:
    """Return value where it is a replica's id, 32 hex digits."""
    if not isinstance(value, str) or _HEX_32.fullmatch(value) is None:
        raise InvalidRequest(where, value, "a replica's id, 32 lower-case hex digits")
    return value


def check_spec_id(where: str, value: object) -> str:
    """Return value where it is a spec's id, 64 hex digits."""
    if not isinstance(value, str) or _HEX_64.fullmatch(value) is None:
        raise InvalidRequest(where, value, "a spec's id, 64 lower-case hex digits")
    return value


def check_event_id(where: str, value: object) -> str:
    """Return value where it is an event's id."""
    if not isinstance(value, str) or _EVENT_ID.fullmatch(value) is None:
        raise InvalidRequest(where, value, "an event's id, 8 to 22 of A-Z, a-z, 0-9, _ and -")
    return value


def check_integer(where: str, value: object, low: int, high: int) -> int:
    """Return value where it is an integer of low .. high."""
    number = safe_integer(value)
    if number is None or not low <= number <= high:
        raise InvalidRequest(where, value, f"an integer of {low} .. {high}")
    return number
