"""Carrying what is kept between specs: nothing is lost on the way, and what is incomplete says since when it counts."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Mapping
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_reducer.canonical import MAX_SAFE_INTEGER
from edgefold_reducer.carry import RETENTION_MS
from edgefold_reducer.event import event_fields
from edgefold_reducer.field import Enum
from edgefold_reducer.kept import Entry
from edgefold_reducer.plan import plan_of
from hypothesis import assume, given
from hypothesis import strategies as st

from .corpus import same_bits
from .strategies import DAY_MS, HOUR_MS, START_MS, bodies, logs, sale, spec_of, specs

Log = list[dict[str, Any]]


def bought(time: int, genre: str | None = None, seq: int = 1, amount: int = 1) -> dict[str, Any]:
    return {
        "type": "sale",
        "time": time,
        "seq": seq,
        "data": {"amount": amount, "gift": False, "genre": genre},
    }


def narrowed(spec: ef.Spec, genres: tuple[str, ...] = ("rock", "folk"), note: int = 1) -> ef.Spec:
    """Return a spec with the same aggregates, whose vocabulary of genres and length of notes are smaller."""
    members = json.loads(spec.to_json())
    members["events"]["sale"]["genre"]["values"] = list(genres)
    members["events"]["sale"]["note"]["max"] = note
    narrow = ef.Spec.from_json(members)
    assert narrow.aggregates.keys() == spec.aggregates.keys() and narrow.id != spec.id
    return narrow


WIDE = spec_of(
    ef.count_by(sale.genre),
    ef.total_by(sale.amount, sale.genre, within=ef.days(2), hop=ef.days(1)),
    ef.distinct(sale.genre, cap=16),
    ef.first(sale.genre),
    ef.last(sale.genre),
)
BY, SPENT, DISTINCT, FIRST, LAST, VISITS = WIDE.aggregates
NARROW = narrowed(WIDE)
A = spec_of(ef.count_by(sale.genre), ef.mean(sale.amount))
B = spec_of(ef.count_by(sale.genre), ef.maximum(sale.amount), ef.time_since_last(sale, unit=ef.days(1)))
MEAN = list(A.aggregates)[1]
MAXIMUM, SINCE_LAST = list(B.aggregates)[1:3]


def accepted(spec: ef.Spec, log: Log) -> Log:
    """The events of a log that a spec accepts."""
    taken = []
    for event in log:
        try:
            ef.validate_event(spec, event)
        except ef.InvalidEvent:
            continue
        taken.append(event)
    return taken


def folded(spec: ef.Spec, *logs: Log) -> ef.Profile:
    """The profile of several replicas' logs."""
    profile = ef.empty_profile(spec)
    for number, log in enumerate(logs):
        profile = ef.merge(spec, profile, ef.fold(spec, accepted(spec, log), replica=f"r{number}", unit="ms"))
    return profile


def latest(log: Log) -> int:
    return max((event["time"] for event in log), default=-1)


def states_of(profile: ef.Profile, names: Any) -> dict[str, Any]:
    return {name: state for name, state in profile.members()["state"].items() if name in names}


@given(specs, logs)
def test_what_is_kept_of_a_fold_carries_to_the_fold(spec: ef.Spec, log: Log) -> None:
    profile = folded(spec, log)
    carried = ef.carry(spec, ef.Kept.from_json(ef.keep(profile).to_json()))
    assert carried.profile.to_json() == profile.to_json()
    assert carried.since_ms == {}


@given(specs, logs, logs)
def test_what_is_added_carries_to_the_fold_of_both(spec: ef.Spec, x: Log, y: Log) -> None:
    kept = ef.add(ef.keep(ef.fold(spec, x, replica="r0", unit="ms")), ef.fold(spec, y, replica="r1", unit="ms"))
    assert kept.to_json() == ef.keep(folded(spec, x, y)).to_json()
    assert ef.carry(spec, kept) == ef.Carried(folded(spec, x, y), {})


@given(specs, specs, logs, logs, logs)
def test_a_rollback_loses_nothing_and_tells_what_it_lacks(a: ef.Spec, b: ef.Spec, x: Log, y: Log, z: Log) -> None:
    kept = ef.keep(ef.fold(a, x, replica="r0", unit="ms"))
    kept = ef.add(ef.add(kept, ef.fold(b, y, replica="r1", unit="ms")), ef.fold(a, z, replica="r2", unit="ms"))
    check_rollback(a, b, kept, (x, y, z))


@given(specs, specs, logs, logs, logs)
def test_a_rollback_over_what_was_kept_loses_nothing_and_tells_what_it_lacks(
    a: ef.Spec, b: ef.Spec, x: Log, y: Log, z: Log
) -> None:
    assume(not y or latest(y) > latest(x))  # else an event that b counts nowhere leaves no trace
    kept = ef.keep(ef.fold(a, x, replica="r0", unit="ms"))
    for number, (spec, log) in enumerate(((b, y), (a, z)), start=1):
        carried = ef.carry(spec, kept)
        profile = ef.merge(spec, carried.profile, ef.fold(spec, log, replica=f"r{number}", unit="ms"))
        before, kept = kept, ef.keep(profile, carried.since_ms, over=kept)
        if (kept.last_ms or 0) - (before.last_ms or 0) < RETENTION_MS:
            assert kept.entries.keys() >= before.entries.keys()
    check_rollback(a, b, kept, (x, y, z))


def check_rollback(a: ef.Spec, b: ef.Spec, kept: ef.Kept, parts: tuple[Log, Log, Log]) -> None:
    """A counted the first and last part, B the second: what both name is exact, what A alone names is what A counted."""
    x, y, z = parts
    carried = ef.carry(a, kept)
    whole = folded(a, x, y, z)
    shared = a.aggregates.keys() & b.aggregates.keys()
    assert carried.profile.last_ms == whole.last_ms
    assert states_of(carried.profile, shared) == states_of(whole, shared)
    assert not carried.since_ms.keys() & shared
    own = a.aggregates.keys() - shared
    seen = plan_of(a).canonical_state(folded(a, x, [], z).state, whole.last_ms)
    assert {n: s for n, s in carried.profile.state.items() if n in own} == {n: s for n, s in seen.items() if n in own}
    for name in own:
        if name in carried.since_ms:
            assert carried.since_ms[name] > latest(y)
        else:
            # A last within a window lacks buckets that its last event outlives: the read-out is the same.
            aggregate, now_ms = plan_of(a).aggregates[name], (whole.last_ms or 0) + 1
            read, want = (
                aggregate.finalize(p.state.get(name, aggregate.zero()), now_ms) for p in (carried.profile, whole)
            )
            assert read == want


@given(specs, specs, logs, logs, logs)
def test_the_order_of_adds_changes_nothing_that_all_name(a: ef.Spec, b: ef.Spec, x: Log, y: Log, z: Log) -> None:
    deltas = [
        ef.fold(spec, log, replica=name, unit="ms") for spec, log, name in ((a, x, "x"), (b, y, "y"), (a, z, "z"))
    ]
    shared = a.aggregates.keys() & b.aggregates.keys()
    seen = set()
    for order in itertools.permutations(deltas):
        kept = ef.Kept(None, {})
        for delta in order:
            kept = ef.add(kept, delta)
        seen.add(ef.Kept(kept.last_ms, {n: e for n, e in kept.entries.items() if n in shared}).to_json())
    assert len(seen) == 1


@given(specs, st.sampled_from(["add", "keep", "merge"]), logs, logs, logs)
def test_a_vocabulary_that_shrinks_and_grows_again_loses_nothing(
    wide: ef.Spec, way: str, x: Log, y: Log, z: Log
) -> None:
    narrow = narrowed(wide)
    kept = ef.keep(ef.fold(wide, x, replica="r0", unit="ms"))
    parts = [x]
    for number, (spec, log) in enumerate(((narrow, y), (wide, z)), start=1):
        parts.append(accepted(spec, log))
        delta = ef.fold(spec, parts[-1], replica=f"r{number}", unit="ms")
        if way == "add":
            kept = ef.add(kept, delta)
        elif way == "merge":
            kept = ef.merge_kept([narrow, wide], ef.keep(delta), kept)
        else:
            carried = ef.carry(spec, kept)
            kept = ef.keep(ef.merge(spec, carried.profile, delta), carried.since_ms, over=kept)
        check_truth(narrow, kept, parts)
        carried = ef.carry(wide, kept)
        assert carried.profile.to_json() == folded(wide, *parts).to_json()
        assert carried.since_ms == {}


def check_truth(spec: ef.Spec, kept: ef.Kept, parts: list[Log]) -> None:
    """A carried state is the fold of the events that the spec accepts, or tells since when it is of them all."""
    carried = ef.carry(spec, kept)
    whole = folded(spec, *parts)
    complete = carried.profile.state.keys() - carried.since_ms.keys()
    if all(accepted(spec, part) == part for part in parts):
        assert states_of(carried.profile, complete) == states_of(whole, complete)
    for name, since_ms in carried.since_ms.items():
        aggregate = plan_of(spec).aggregates[name]
        later = folded(spec, *([event for event in part if event["time"] >= since_ms] for part in parts)).state
        held = copy.deepcopy(carried.profile.state.get(name, aggregate.zero()))
        merged = aggregate.merge(held, copy.deepcopy(later.get(name, aggregate.zero())))
        assert plan_of(spec).canonical_state({name: merged}, kept.last_ms).get(name) == carried.profile.state.get(name)


steps = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["add", "keep", "merge"]),
        st.lists(st.tuples(bodies, st.sampled_from([0, 1, HOUR_MS, 7 * HOUR_MS, DAY_MS])), max_size=6),
    ),
    min_size=1,
    max_size=6,
)
"""What a store goes through: by which spec, in which way, and each event with the time from the one before."""


of_words = st.lists(
    st.builds(
        lambda make, field, within: make(field, within=within, hop=within and ef.days(1)),
        st.sampled_from([ef.first, ef.last, lambda field, **window: ef.distinct(field, cap=2, **window)]),
        st.sampled_from([sale.genre, sale.note]),
        st.sampled_from([None, ef.days(2)]),
    ),
    min_size=1,
    max_size=3,
).map(lambda nodes: spec_of(ef.count_by(sale.genre), *nodes))
"""Specs of what a vocabulary limits."""


@given(of_words, specs, steps)
def test_on_any_way_between_specs_what_is_whole_is_exact_and_what_is_not_says_so(
    a: ef.Spec, b: ef.Spec, way_of: list[tuple[int, str, list[tuple[dict[str, Any], int]]]]
) -> None:
    views = [a, narrowed(a), b, narrowed(b)]
    kept, log, now_ms = ef.Kept(None, {}), Log(), START_MS
    for number, way, given_events in way_of:
        spec, delta, now_ms = views[number], Log(), now_ms + 1
        for body, later_ms in given_events:
            now_ms += later_ms
            delta.append(body | {"time": now_ms, "seq": len(log) + len(delta) + 1})
        delta = accepted(spec, delta)
        log += delta
        profile = ef.fold(spec, delta, replica="r")
        if way == "add":
            kept = ef.add(kept, profile)
        elif way == "merge":
            kept = ef.merge_kept([spec], ef.keep(profile), kept)
        else:
            carried = ef.carry(spec, kept)
            kept = ef.keep(ef.merge(spec, carried.profile, profile), carried.since_ms, over=kept)
        for view, wide in zip(views, (a, a, b, b), strict=True):
            check_view(view, wide, kept, log)


def check_view(view: ef.Spec, wide: ef.Spec, kept: ef.Kept, log: Log) -> None:
    """What a spec reads of a store, beside the events that it stored, folded by a spec with all their values."""
    carried = ef.carry(view, kept)
    assert carried.profile.last_ms == max((event["time"] for event in log), default=None)
    for name, node in view.aggregates.items():
        aggregate, state = plan_of(view).aggregates[name], carried.profile.state.get(name)
        since_ms = carried.since_ms.get(name)
        seen = [event for event in log if takes(node, event)]
        counted = seen if since_ms is None else [event for event in seen if event["time"] >= since_ms]
        want = restricted(node, ef.fold(wide, counted, replica="r").members()["state"].get(name))
        held = copy.deepcopy(aggregate.zero() if state is None else state)
        due = aggregate.zero() if want is None else aggregate.decode(want, kept.last_ms or 0)
        now_ms = (kept.last_ms or 0) + 1
        if since_ms is None:
            assert same_bits_all(aggregate.finalize(held, now_ms), aggregate.finalize(due, now_ms)), (
                name,
                node.to_json(),
            )
        elif node.aggregate in (
            "minimum",
            "maximum",
            "first",
            "last",
            "time_since_first",
            "time_since_last",
            "distinct",
        ):
            read = aggregate.finalize(held, now_ms)
            assert same_bits_all(read, aggregate.finalize(aggregate.merge(held, due), now_ms)), (name, node.to_json())
        elif node.aggregate == "count":
            assert aggregate.finalize(held, now_ms) >= aggregate.finalize(due, now_ms)


def takes(node: Any, event: dict[str, Any]) -> bool:
    """Whether an event's value is one of the vocabulary of a first, last or distinct."""
    if node.aggregate not in ("first", "last", "distinct"):
        return True
    name = node.value.operands[0]
    value = event["data"].get(name)
    return value is None or name not in ("genre", "note") or accepts(event_fields(node.event_type)[name], value)


def accepts(field: Any, value: str) -> bool:
    return value in field.values if isinstance(field, Enum) else len(value) <= field.max


def restricted(node: Any, state: Any) -> Any:
    """A state without the keys that a vocabulary lacks."""
    if state is None or node.key is None:
        return state
    if node.window_ms is None:
        return {key: number for key, number in state.items() if key in node.vocabulary} or None
    buckets = {
        bucket: {key: number for key, number in held.items() if key in node.vocabulary}
        for bucket, held in state.items()
    }
    return {bucket: held for bucket, held in buckets.items() if held} or None


def same_bits_all(a: Any, b: Any) -> bool:
    pairs = zip(a, b, strict=True) if isinstance(a, list) else [(a, b)]
    return all(same_bits(x, y) for x, y in pairs)


def test_a_genre_that_a_spec_lacks_comes_back() -> None:
    kept = ef.keep(ef.fold(WIDE, [bought(START_MS, "jazz"), bought(START_MS, "rock", 2)], unit="ms"))
    carried = ef.carry(NARROW, kept)
    assert carried.profile.state == {BY: {"rock": 1}, SPENT: {20_454: {"rock": 100}}, DISTINCT: ["rock"]} | {
        LAST: ((START_MS, "", 2), "rock")
    }
    assert carried.since_ms == {FIRST: START_MS + 1}
    again = ef.keep(carried.profile, carried.since_ms, over=kept)
    assert again.to_json() == kept.to_json()
    later = ef.add(again, ef.fold(NARROW, [bought(START_MS + 5, "folk")], unit="ms"))
    back = ef.carry(WIDE, later)
    assert back.since_ms == {}
    assert back.profile.state[BY] == {"jazz": 1, "rock": 1, "folk": 1}
    assert back.profile.state[SPENT] == {20_454: {"jazz": 100, "rock": 100, "folk": 100}}
    assert back.profile.state[DISTINCT] == ["folk", "jazz", "rock"]
    assert back.profile.state[FIRST] == ((START_MS, "", 1), "jazz")


def test_a_first_that_a_spec_lacks_leaves_room_for_its_own() -> None:
    kept = ef.add(
        ef.keep(ef.fold(WIDE, [bought(START_MS, "jazz")], unit="ms")),
        ef.fold(NARROW, [bought(START_MS + 5, "folk")], unit="ms"),
    )
    assert kept.entries[FIRST].state == [[START_MS, "", 1, "jazz"], [START_MS + 5, "", 1, "folk"]]
    for _ in range(3):
        carried = ef.carry(NARROW, kept)
        assert carried.profile.state[FIRST] == ((START_MS + 5, "", 1), "folk")
        assert carried.since_ms == {FIRST: START_MS + 6}
        kept = ef.keep(carried.profile, carried.since_ms, over=kept)
    assert ef.carry(WIDE, kept).profile.state[FIRST] == ((START_MS, "", 1), "jazz")
    assert ef.carry(WIDE, kept).since_ms == {}


def test_a_last_that_a_spec_lacks_counts_again_from_its_next_event() -> None:
    kept = ef.keep(ef.fold(WIDE, [bought(START_MS, "folk"), bought(START_MS + 5, "jazz", 2)], unit="ms"))
    assert ef.carry(NARROW, kept).since_ms == {LAST: START_MS + 6}
    kept = ef.add(kept, ef.fold(NARROW, [bought(START_MS + 6, "rock", 3)], unit="ms"))
    assert ef.carry(NARROW, kept).since_ms == {}


def test_a_full_set_may_have_been_cut_for_values_that_a_spec_lacks() -> None:
    wide = spec_of(ef.distinct(sale.genre, cap=2))
    narrow = narrowed(wide, ("rock",))
    name = next(iter(wide.aggregates))
    full = ef.keep(ef.fold(wide, [bought(START_MS, genre) for genre in ("jazz", "folk", "rock")], unit="ms"))
    assert ef.carry(narrow, full).since_ms == {name: START_MS + 1}
    room = ef.keep(ef.fold(wide, [bought(START_MS, "jazz")], unit="ms"))
    assert ef.carry(narrow, room).since_ms == {}


def test_a_new_aggregate_counts_from_the_last_event_on() -> None:
    carried = ef.carry(B, ef.keep(ef.fold(A, [bought(START_MS, "rock")], unit="ms")))
    assert carried.since_ms == {MAXIMUM: START_MS + 1, SINCE_LAST: START_MS + 1}
    assert carried.profile.state.keys() == {next(iter(A.aggregates))}


def test_before_the_first_event_nothing_is_lacking() -> None:
    assert ef.carry(B, ef.keep(ef.empty_profile(A))).since_ms == {}
    kept = ef.add(ef.keep(ef.empty_profile(A)), ef.fold(B, [bought(START_MS)], unit="ms"))
    assert kept.entries[MAXIMUM] == Entry(100)
    assert kept.entries[MEAN] == Entry(None, START_MS + 1)


def test_the_last_event_is_exact_once_it_came_since_all_are_counted() -> None:
    kept = ef.add(ef.keep(ef.fold(A, [bought(START_MS)], unit="ms")), ef.fold(B, [bought(START_MS + 1)], unit="ms"))
    assert kept.entries[SINCE_LAST].since_ms == START_MS + 1
    assert ef.carry(B, kept).since_ms == {MAXIMUM: START_MS + 1}


def test_keeping_the_same_events_again_by_another_spec_marks_nothing() -> None:
    kept = ef.keep(ef.fold(A, [bought(START_MS, "rock")], unit="ms"))
    carried = ef.carry(B, kept)
    again = ef.keep(carried.profile, carried.since_ms, over=kept)
    assert again.entries[MEAN] == Entry([1, 100], None, START_MS)
    assert ef.carry(A, again) == ef.carry(A, kept)


def test_an_aggregate_built_anew_of_earlier_events_marks_nothing() -> None:
    kept = ef.keep(ef.fold(A, [bought(START_MS - 1, "rock"), bought(START_MS, "rock", 2)], unit="ms"))
    anew = ef.fold(B, [bought(START_MS, "rock", 2)], unit="ms")
    profile = ef.Profile(B, START_MS, {**anew.state, BY: {"rock": 2}})
    since_ms = {MAXIMUM: START_MS, SINCE_LAST: START_MS}
    assert ef.keep(profile, since_ms, over=kept).entries[MEAN] == Entry([2, 200], None, START_MS)


def test_an_event_more_at_the_same_time_marks_what_lacks_it() -> None:
    kept = ef.keep(ef.fold(A, [bought(START_MS, "rock")], unit="ms"))
    more = ef.fold(B, [bought(START_MS, "rock"), bought(START_MS, "rock", 2)], unit="ms")
    assert ef.keep(more, over=kept).entries[MEAN] == Entry([1, 100], START_MS + 1, START_MS)


def test_a_window_is_pruned_by_the_events_of_another_spec() -> None:
    kept = ef.keep(ef.fold(WIDE, [bought(START_MS, "jazz"), bought(START_MS + DAY_MS, "jazz", 2)], unit="ms"))
    kept = ef.add(kept, ef.fold(NARROW, [bought(START_MS + 3 * DAY_MS, "rock")], unit="ms"))
    assert kept.entries[SPENT].state == {"20455": {"jazz": 100}, "20457": {"rock": 100}}
    kept = ef.add(kept, ef.fold(spec_of(), [bought(START_MS + 4 * DAY_MS)], unit="ms"))
    assert kept.entries[SPENT].state == {"20455": {"jazz": 100}, "20457": {"rock": 100}}
    assert ef.carry(WIDE, kept).profile.state[SPENT] == {20_457: {"rock": 100}}


def test_what_no_spec_named_for_the_retention_is_dropped() -> None:
    kept = ef.keep(ef.fold(A, [bought(START_MS)], unit="ms"))
    at_last = ef.add(kept, ef.fold(B, [bought(START_MS + RETENTION_MS)], unit="ms"))
    assert at_last.entries[MEAN] == Entry([1, 100], START_MS + RETENTION_MS + 1, START_MS)
    assert MEAN not in ef.add(at_last, ef.fold(B, [bought(START_MS + RETENTION_MS + 1)], unit="ms")).entries
    again = ef.add(at_last, ef.fold(A, [bought(START_MS + RETENTION_MS + 1)], unit="ms"))
    assert again.entries[MEAN] == Entry([2, 200], START_MS + RETENTION_MS + 1)


def test_a_named_aggregate_is_kept_however_long_it_lacks_events() -> None:
    kept = ef.keep(ef.fold(A, [bought(START_MS)], unit="ms"), {MEAN: 1})
    assert ef.add(kept, ef.fold(A, [bought(START_MS + 2 * RETENTION_MS)], unit="ms")).entries[MEAN] == Entry(
        [2, 200], 1
    )


def test_a_clock_that_was_mended_leaves_no_mark_in_the_future() -> None:
    kept = ef.keep(ef.fold(A, [bought(START_MS + 900 * DAY_MS)], unit="ms"))
    mended = ef.keep(ef.fold(B, [bought(START_MS)], unit="ms"), over=kept)
    assert mended.last_ms == START_MS
    assert mended.entries[MEAN].since_ms == START_MS + 1
    future = ef.keep(ef.fold(WIDE, [bought(START_MS + 900 * DAY_MS, "jazz")], unit="ms"))
    mended = ef.keep(ef.fold(NARROW, [bought(START_MS, "rock")], unit="ms"), over=future)
    assert mended.entries[LAST].state == [START_MS, "", 1, "rock"]
    assert mended.entries[SPENT].state == {"20454": {"rock": 100}}


def test_a_profile_of_no_events_leaves_no_state_of_any() -> None:
    kept = ef.keep(ef.empty_profile(B), over=ef.keep(ef.fold(A, [bought(START_MS)], unit="ms")))
    assert kept.last_ms is None
    assert {entry.state for entry in kept.entries.values()} == {None}
    assert ef.carry(A, kept) == ef.Carried(ef.empty_profile(A), {})


def test_the_last_moment_of_all_is_no_limit_to_cross() -> None:
    kept = ef.keep(ef.fold(A, [bought(MAX_SAFE_INTEGER)], unit="ms"))
    assert ef.carry(B, kept).since_ms == {MAXIMUM: MAX_SAFE_INTEGER, SINCE_LAST: MAX_SAFE_INTEGER}
    ef.add(kept, ef.fold(B, [], unit="ms")).to_json()


def test_sums_past_what_can_be_read_start_anew() -> None:
    name = next(iter(A.aggregates))
    entry = Entry({"rock": MAX_SAFE_INTEGER, "folk": 5}, None)
    kept = ef.add(ef.Kept(START_MS, {name: entry}), ef.fold(A, [bought(START_MS + 1, "rock")], unit="ms"))
    carried = ef.carry(A, ef.Kept.from_json(kept.to_json()))
    assert carried.profile.state[name] == {"folk": 5}
    assert carried.since_ms[name] == START_MS + 2


def test_two_stores_become_one() -> None:
    x, y = [bought(START_MS, "jazz")], [bought(START_MS + 7, "rock")]
    a, b = ef.keep(ef.fold(A, x, unit="ms"), {MEAN: 9}), ef.keep(ef.fold(B, y, unit="ms"))
    merged = ef.merge_kept([B], a, b)
    assert merged == ef.merge_kept([B], b, a)
    assert merged.last_ms == START_MS + 7
    assert merged.entries[next(iter(A.aggregates))] == Entry({"jazz": 1, "rock": 1})
    assert merged.entries[MAXIMUM] == Entry(100, START_MS + 1)
    assert merged.entries[MEAN] == Entry([1, 100], START_MS + 8, START_MS)


def test_of_two_states_that_no_spec_names_that_with_the_later_event_stays() -> None:
    name = "00000000000000ff"
    a, b = ef.Kept(50, {name: Entry("a", 7, 40)}), ef.Kept(60, {name: Entry("b", 3)})
    for merged in (ef.merge_kept([A], a, b), ef.merge_kept([A], b, a)):
        assert merged == ef.Kept(60, {name: Entry("b", 51, 60)})


json_values = st.recursive(
    st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | st.sampled_from(["rock", "9" * 30, "", "20454"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["rock", "jazz", "20454", "20455", "-1", "01", "__other__"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(specs, specs, logs, logs, st.data())
def test_nothing_that_is_kept_makes_carrying_fail(a: ef.Spec, b: ef.Spec, x: Log, y: Log, data: st.DataObject) -> None:
    kept = ef.keep(ef.fold(a, x, replica="r0", unit="ms"))
    last_ms = kept.last_ms or START_MS
    entries: Mapping[str, Any] = json.loads(kept.to_json())["states"]
    spoiled = {name: {"state": spoil(data, entry.get("state"))} | data.draw(marks) for name, entry in entries.items()}
    kept = ef.Kept.from_json({"last_ms": last_ms, "states": spoiled})
    for spec in (a, narrowed(a), b):
        carried = ef.carry(spec, kept)
        assert ef.Profile.from_json(spec, carried.profile.to_json()) == carried.profile
        assert all(0 <= since_ms <= last_ms + 1 for since_ms in carried.since_ms.values())
        assert carried.since_ms.keys() <= spec.aggregates.keys()
        ef.features(spec, carried.profile, last_ms + 1)
        for made in (
            ef.keep(carried.profile, carried.since_ms, over=kept),
            ef.add(kept, ef.fold(spec, accepted(spec, y), unit="ms")),
            ef.merge_kept([spec], kept, ef.keep(ef.fold(b, y, unit="ms"))),
        ):
            assert ef.Kept.from_json(made.to_json()) == made
            ef.carry(spec, made)


marks = st.fixed_dictionaries(
    {}, optional={"since_ms": st.integers(0, MAX_SAFE_INTEGER), "named_ms": st.integers(0, MAX_SAFE_INTEGER)}
)


def spoil(data: st.DataObject, state: Any) -> Any:
    """Return a state, or one with a part of it replaced by any JSON."""
    if state is None or data.draw(st.integers(0, 3)) == 0:
        return data.draw(json_values)
    if isinstance(state, dict):
        name = data.draw(st.sampled_from(sorted(state)))
        return state | {name: spoil(data, state[name])}
    if isinstance(state, list):
        index = data.draw(st.integers(0, len(state) - 1))
        return [*state[:index], spoil(data, state[index]), *state[index + 1 :]]
    return state


@pytest.mark.parametrize(
    ("since_ms", "now_ms", "told"),
    [
        ({}, START_MS, {}),
        ({BY: 5, VISITS: 9}, START_MS, {"f0": 5, "visits": 9}),
        ({SPENT: START_MS}, START_MS + 2 * DAY_MS, {}),
        ({SPENT: START_MS + 1}, START_MS + 3 * DAY_MS - 1, {"f1": START_MS + 1}),
        ({SPENT: START_MS + 1}, START_MS + 3 * DAY_MS, {}),
        ({"00000000000000ff": 5}, START_MS, {}),
    ],
)
def test_a_feature_tells_since_when_it_counts(since_ms: dict[str, int], now_ms: int, told: dict[str, int]) -> None:
    assert ef.since_of(WIDE, since_ms, now_ms) == told


def test_a_ratio_counts_since_the_later_of_its_two() -> None:
    large = ef.count(sale, where=sale.amount >= 3)
    within = ef.count(sale, within=ef.hours(5), hop=ef.hours(1))
    spec = ef.Spec(
        "ratio", events=[sale], features={"share": ef.ratio(large, ef.count(sale)), "now": ef.ratio(within, large)}
    )
    names = list(spec.aggregates)
    assert ef.since_of(spec, {names[0]: 5, names[1]: 7}, START_MS) == {"share": 7, "now": 5}
    assert ef.since_of(spec, {names[2]: START_MS - HOUR_MS}, START_MS) == {"now": START_MS - HOUR_MS}
