"""Keeping a profile beside what other specs counted of the same events, and carrying what is kept to a spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .aggregates import Aggregate, State, aggregate_for
from .aggregates.base import Sifted, WrongState
from .aggregates.window import Window
from .canonical import MAX_SAFE_INTEGER, canonical_json
from .kept import Entry, Kept
from .node import AggregateNode
from .plan import plan_of
from .profile import Profile
from .rules import aggregates_of
from .spec import Spec

RETENTION_MS = 180 * 86_400_000
"""How long an aggregate that no spec names any more is kept: a rollback within it loses nothing."""

Since = Mapping[str, int]
"""By aggregate hash: the time (ms) from which on every event is counted; of those before, perhaps only some."""
_ALL: Since = MappingProxyType({})


@dataclass(frozen=True)
class Carried:
    """A profile by a spec, and by hash since when those of its aggregates count that may lack earlier events."""

    profile: Profile
    since_ms: Since


def keep(profile: Profile, since_ms: Since = _ALL, over: Kept | None = None) -> Kept:
    """Return what a store holds of a profile's events: an entry for each aggregate of its spec.

    ``over`` is what was kept before, of the same events or fewer: other specs' aggregates stay, as do the parts of a state that the
    profile's vocabulary lacks. They lack the events that are new: none where the profile is what ``over`` carries to its spec, but
    for aggregates that are told in ``since_ms`` to have been built anew of earlier events.
    """
    last_ms, before = profile.last_ms, Kept(None, {}) if over is None else over
    entries: dict[str, Entry] = {}
    anything_new = last_ms != before.last_ms
    for name, aggregate in plan_of(profile.spec).aggregates.items():
        state, held = profile.state.get(name, aggregate.zero()), before.entries.get(name)
        sifted = _sift_entry(aggregate, held, last_ms)
        since = since_ms.get(name)
        rebuilt = held is None and since is not None and since <= (before.last_ms or 0)
        anything_new |= sifted.lost or (sifted.inside != state and not rebuilt)
        if held is not None and since is not None and _explained(aggregate, held, sifted, state, since, before):
            since = held.since_ms
        entries[name] = Entry(_joined(aggregate, state, sifted.outside), _at_most(since, last_ms))
    missed_ms = last_ms if anything_new else None
    others = {name: entry for name, entry in before.entries.items() if name not in entries}
    return _retained(last_ms, entries | _unnamed(before, others, missed_ms, last_ms))


def add(kept: Kept, delta: Profile, since_ms: Since = _ALL) -> Kept:
    """Return what a store holds with the events of a delta, a profile of any spec; they are disjoint from those before."""
    last_ms = _later(kept.last_ms, delta.last_ms)
    entries: dict[str, Entry] = {}
    for name, aggregate in plan_of(delta.spec).aggregates.items():
        held = kept.entries.get(name)
        sifted = _sift_entry(aggregate, held, last_ms)
        state = aggregate.merge(sifted.inside, delta.state.get(name, aggregate.zero()))
        since = _later(_entry_since(kept, None if sifted.lost else held), _at_most(since_ms.get(name), delta.last_ms))
        entries[name] = Entry(_joined(aggregate, _pruned(aggregate, state, last_ms), sifted.outside), since)
    others = {name: entry for name, entry in kept.entries.items() if name not in entries}
    return _retained(last_ms, entries | _unnamed(kept, others, delta.last_ms, last_ms))


def carry(spec: Spec, kept: Kept) -> Carried:
    """Return what is kept as a profile of a spec. Never raises: an aggregate that can't be read starts anew, and is told in ``since_ms``."""
    last_ms = kept.last_ms
    states: dict[str, State] = {}
    since_ms: dict[str, int] = {}
    for name, node in spec.aggregates.items():
        aggregate, held = plan_of(spec).aggregates[name], kept.entries.get(name)
        sifted = _sift_entry(aggregate, held, last_ms)
        since = _at_most(_later(_entry_since(kept, None if sifted.lost else held), sifted.since_ms), last_ms)
        latest = _latest(node, sifted.inside)
        if since is not None and (latest is None or latest < since):
            since_ms[name] = since
        states[name] = sifted.inside
    return Carried(Profile(spec, last_ms, plan_of(spec).canonical_state(states, last_ms)), since_ms)


def merge_kept(specs: Iterable[Spec], a: Kept, b: Kept) -> Kept:
    """Return what two stores hold, of disjoint events, as one. An aggregate that none of the specs names can't be merged: of two
    states, that of the store with the later event stays."""
    aggregates: dict[str, Aggregate] = {}
    for spec in specs:
        aggregates = dict(plan_of(spec).aggregates) | aggregates
    last_ms = _later(a.last_ms, b.last_ms)
    entries: dict[str, Entry] = {}
    for name in a.entries.keys() | b.entries.keys():
        if name in aggregates:
            entries[name] = _merged(aggregates[name], name, a, b, last_ms)
        else:
            entries[name] = _chosen(name, a, b)
    return _retained(last_ms, entries)


def since_of(spec: Spec, since_ms: Since, now_ms: int) -> dict[str, int]:
    """Return by feature since when (ms) it counts, for those that may lack earlier events in a read-out at ``now_ms``.

    A window that begins at or after its ``since_ms`` lacks none. A ratio counts since the later of its two.
    """
    told: dict[str, int] = {}
    for feature in spec.features:
        nodes = [node for node in aggregates_of(feature.node) if since_ms.get(node.hash, 0) > _start(node, now_ms)]
        if nodes:
            told[feature.name] = max(since_ms[node.hash] for node in nodes)
    return told


def _start(node: AggregateNode, now_ms: int) -> int:
    aggregate = aggregate_for(node)
    return max(0, aggregate.oldest(now_ms) * aggregate.hop_ms) if isinstance(aggregate, Window) else 0


def _sift_entry(aggregate: Aggregate, held: Entry | None, last_ms: int | None) -> Sifted:
    zero = aggregate.zero()
    if held is None or held.state is None or last_ms is None:
        return Sifted(zero, aggregate.zero())
    try:
        # What a profile of the spec can hold, the usual case, is all inside; and it is read at once.
        state = aggregate.decode(held.state, last_ms)
    except WrongState:
        state = zero
    return aggregate.sift(held.state, last_ms) if state == zero else Sifted(state, zero)


def _joined(aggregate: Aggregate, inside: State, outside: State) -> Any:
    zero = aggregate.zero()
    return None if inside == zero and outside == zero else aggregate.join(inside, outside)


def _pruned(aggregate: Aggregate, state: State, last_ms: int | None) -> State:
    return aggregate.prune(state, last_ms) if isinstance(aggregate, Window) and last_ms is not None else state


def _explained(aggregate: Aggregate, held: Entry, sifted: Sifted, state: State, since: int, before: Kept) -> bool:
    """Whether a profile counts only since then because its vocabulary lacks a part, which is kept beside it: then the entry lacks nothing."""
    # What was outside when it was carried may have left its window since.
    if sifted.lost or since > (_after(before.last_ms) or 0):
        return False
    if _sift_entry(aggregate, held, before.last_ms).since_ms is None:
        return False
    # Only extremes and sets displace; merging into one of them what it has changes nothing.
    return bool(aggregate.merge(sifted.inside, state) == state)


def _unnamed(before: Kept, others: Mapping[str, Entry], missed_ms: int | None, last_ms: int | None) -> dict[str, Entry]:
    """Return entries that the spec that writes does not name: as they are, without the events up to ``missed_ms``."""
    return {
        name: Entry(
            None if last_ms is None else entry.state,
            _later(_at_most(_entry_since(before, entry), last_ms), _after(missed_ms)),
            _at_most(before.last_ms if entry.named_ms is None else entry.named_ms, last_ms),
        )
        for name, entry in others.items()
    }


def _merged(aggregate: Aggregate, name: str, a: Kept, b: Kept, last_ms: int | None) -> Entry:
    inside, outside, since = aggregate.zero(), aggregate.zero(), None
    for kept in (a, b):
        held = kept.entries.get(name)
        sifted = _sift_entry(aggregate, held, last_ms)
        inside, outside = aggregate.merge(inside, sifted.inside), aggregate.merge(outside, sifted.outside)
        since = _later(since, _entry_since(kept, None if sifted.lost else held))
    return Entry(_joined(aggregate, inside, outside), since)


def _chosen(name: str, a: Kept, b: Kept) -> Entry:
    entries = [(kept, kept.entries[name]) for kept in (a, b) if name in kept.entries]
    stays, entry = max(entries, key=lambda held: (_after(held[0].last_ms) or 0, canonical_json(held[1].members())))
    named = [kept.last_ms if held.named_ms is None else held.named_ms for kept, held in entries]
    missed = _after((b if stays is a else a).last_ms)
    return Entry(entry.state, _later(_entry_since(stays, entry), missed), _later(named[0], named[-1]))


def _retained(last_ms: int | None, entries: Mapping[str, Entry]) -> Kept:
    oldest = (last_ms or 0) - RETENTION_MS
    return Kept(last_ms, {name: e for name, e in entries.items() if e.named_ms is None or e.named_ms >= oldest})


def _latest(node: AggregateNode, state: State) -> int | None:
    """Return the time of the event that alone makes a ``last`` or ``time_since_last``, None for any other: it is exact once that
    event is one of those that are all counted."""
    if node.aggregate not in ("last", "time_since_last") or state is None or state == {}:
        return None
    if node.window_ms is not None:
        state = state[max(state)]
    time: int = state if node.aggregate == "time_since_last" else state[0][0]
    return time


def _later(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


def _after(last_ms: int | None) -> int | None:
    """Return the time from which on a store of events up to ``last_ms`` lacks none, whatever it counts."""
    return None if last_ms is None else min(last_ms + 1, MAX_SAFE_INTEGER)


def _entry_since(kept: Kept, held: Entry | None) -> int | None:
    """Return since when an aggregate counts all of a store's events: where it has no entry, only after the last."""
    return _after(kept.last_ms) if held is None else _at_most(held.since_ms, kept.last_ms)


def _at_most(time_ms: int | None, last_ms: int | None) -> int | None:
    """Return a time, held to what a store of events up to ``last_ms`` can tell: no moment after the next."""
    after = _after(last_ms)
    return time_ms if time_ms is None or after is None else min(time_ms, after)
