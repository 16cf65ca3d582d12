"""From events to a profile, and from two profiles to one. The oracle that every faster fold must equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import InvalidEvent, SpecMismatch
from .plan import plan_of
from .profile import Profile
from .replica import check_replica
from .spec import Spec
from .times import day_of, in_ms, is_plausible, unit_hint


def empty_profile(spec: Spec) -> Profile:
    """Return the profile of no events, the unit of ``merge``."""
    return Profile(spec, None, {})


def fold(spec: Spec, events: Iterable[object], replica: str = "", *, unit: str | None = None) -> Profile:
    """Fold the events of one replica, in any order, into a profile.

    An event is a mapping with ``type``, ``time`` (since the Unix epoch), ``data``, and its ``seq``, else its position from 1.

    Args:
        unit: of the times, ``"s"``, ``"ms"`` (the default), ``"us"`` or ``"ns"``. Without it, events that all lie outside 1990 to 2200
            are refused: they are most likely in another unit. ``"ms"`` says that they are what a device sent.

    Raises:
        InvalidEvent: the spec refuses an event; it names the field, its value, and what was expected.
        InvalidReplica: the replica's name is not of ``[A-Za-z0-9_-]{0,64}``.
    """
    check_replica(replica)
    if isinstance(events, Mapping):
        raise InvalidEvent(None, None, events, "a list of events", "Put it into one: fold(spec, [event]).")
    plan, validate = plan_of(spec), spec.validate
    states = {name: aggregate.zero() for name, aggregate in plan.aggregates.items()}
    last_ms: int | None = None
    plausible = unit is not None
    for position, raw in enumerate(events if unit in (None, "ms") else in_ms(events, unit), start=1):
        event = validate(raw)
        plausible = plausible or is_plausible(event.time)
        moment = (event.time, replica, position if event.seq is None else event.seq)
        for name, prepare, update in plan.updates[event.type]:
            value = prepare(event.data)
            if value is not None:
                states[name] = update(states[name], value, moment)
        if last_ms is None or event.time > last_ms:
            last_ms = event.time
    if not plausible and last_ms is not None:
        expected = f"times of 1990 to 2200; as ms that is {day_of(last_ms)}"
        raise InvalidEvent(None, "time", last_ms, expected, unit_hint(last_ms))
    return Profile(spec, last_ms, plan.canonical_state(states, last_ms))


def merge(spec: Spec, a: Profile, b: Profile) -> Profile:
    """Return the profile of the events of both: ``fold(x + y) == merge(fold(x), fold(y))``.

    Associative and commutative, with ``empty_profile`` as unit. The events of ``a`` and ``b`` must be disjoint.

    Raises:
        SpecMismatch: a profile of another spec.
    """
    for profile in (a, b):
        if profile.spec.id != spec.id:
            raise SpecMismatch(profile.spec.id, spec.id)
    plan = plan_of(spec)
    times = [profile.last_ms for profile in (a, b) if profile.last_ms is not None]
    last_ms = max(times, default=None)
    states = {}
    for name in a.state.keys() | b.state.keys():
        aggregate = plan.aggregates[name]
        merged = aggregate.zero()
        for profile in (a, b):
            if name in profile.state:
                merged = aggregate.merge(merged, profile.state[name])
        states[name] = merged
    return Profile(spec, last_ms, plan.canonical_state(states, last_ms))
