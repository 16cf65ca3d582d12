"""Three specs of one event that share some aggregates. Those named ``of_…`` tell which events they count: a key of its own each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import edgefold_reducer as ef

from .site import BY_KEY, KEYS, spec, tick, tick_event

_common = {feature.name: feature.node for feature in spec.features}


def _of(name: str) -> Any:
    """Count by key under a hash of its own: no key is this name."""
    return ef.count_by(tick.key, keys=KEYS, where=tick.key != name)


def _spec(*names: str) -> ef.Spec:
    chosen: dict[str, Any] = {name: _common[name] if name in _common else _of(name) for name in names}
    chosen |= {"since": ef.time_since_first(tick, unit=ef.minutes(1))} if "of_c" in names else {}
    return ef.Spec("ticks", events=[tick], attributes=spec.attributes, features=chosen)


A = _spec("ticks", "by_key", "of_a", "recent")
B = _spec("by_key", "of_b", "last_note")
C = _spec("recent", "of_c", "of_b", "of_a", "by_key")
SPECS = (A, B, C)
BY_ID = {each.id: each for each in SPECS}
TELLING = {
    feature.node.hash  # type: ignore[union-attr]  # an aggregate
    for each in SPECS
    for feature in each.features
    if feature.name.startswith("of_") or feature.name == "by_key"
}
"""The hashes of the aggregates whose keys are the events that they count; that of ``by_key`` is in every spec."""
assert BY_KEY in TELLING

Covers = dict[str, list[int]]
"""By aggregate hash: the numbers of the events that it counts."""


@lru_cache(maxsize=4_096)
def folded(of: ef.Spec, numbers: frozenset[int]) -> ef.Profile:
    """Return the fold of events by number."""
    return ef.fold(of, [tick_event(number) for number in sorted(numbers)])


def told_wrong(carried: ef.Carried, numbers: set[int]) -> list[str]:
    """Return the aggregates that are neither the fold of all events nor count every one of those since when they tell."""
    of, expected = carried.profile.spec, folded(carried.profile.spec, frozenset(numbers)).state
    wrong = []
    for name in of.aggregates:
        state, since_ms = carried.profile.state.get(name), carried.since_ms.get(name)
        if since_ms is None and state != expected.get(name):
            wrong.append(f"{name} is {state}, expected {expected.get(name)}")
        if since_ms is not None and name in TELLING:
            must = {KEYS[number] for number in numbers if tick_event(number)["time"] >= since_ms}
            counts = state or {}
            if not must <= set(counts) or any(count != 1 for count in counts.values()):
                wrong.append(f"{name} is {state} since {since_ms}, expected one of each of {sorted(must)}")
    return wrong
