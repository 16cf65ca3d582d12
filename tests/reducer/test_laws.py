"""The laws of a profile, over every registered aggregate: a new one is tested on arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_reducer import aggregates
from edgefold_reducer.aggregates import registered
from hypothesis import given
from hypothesis import strategies as st

from .corpus import same_bits
from .strategies import DAY_MS, logs, node_of, sale, spec_of, specs

Log = list[dict[str, Any]]


def check_split(spec: ef.Spec, log: Log, left: Sequence[bool]) -> None:
    """Fold a log whole, and in two parts whose profiles are merged in both orders: the bytes are equal."""
    whole = ef.fold(spec, log, replica="r", unit="ms")
    a = ef.fold(spec, [event for event, here in zip(log, left, strict=True) if here], replica="r", unit="ms")
    b = ef.fold(spec, [event for event, here in zip(log, left, strict=True) if not here], replica="r", unit="ms")
    before = a.to_json(), b.to_json()
    assert ef.merge(spec, a, b).to_json() == whole.to_json()
    assert ef.merge(spec, b, a).to_json() == whole.to_json()
    assert (a.to_json(), b.to_json()) == before, "merge changed a profile that it was given"


@pytest.mark.parametrize("aggregate", registered())
def test_the_fold_of_a_split_log_merges_to_the_fold_of_the_whole(aggregate: str) -> None:
    @given(node_of(aggregate).map(spec_of), logs.flatmap(with_split))
    def law(spec: ef.Spec, split: tuple[Log, list[bool]]) -> None:
        check_split(spec, *split)

    law()


def with_split(log: Log) -> st.SearchStrategy[tuple[Log, list[bool]]]:
    return st.tuples(st.just(log), st.lists(st.booleans(), min_size=len(log), max_size=len(log)))


@given(specs, logs, logs, logs)
def test_merging_is_associative_over_replicas(spec: ef.Spec, x: Log, y: Log, z: Log) -> None:
    a, b, c = (ef.fold(spec, log, replica=name, unit="ms") for log, name in ((x, "a"), (y, "b"), (z, "B")))
    left = ef.merge(spec, ef.merge(spec, a, b), c)
    right = ef.merge(spec, a, ef.merge(spec, b, c))
    assert left.to_json() == right.to_json() == ef.merge(spec, ef.merge(spec, c, a), b).to_json()


@given(specs, logs)
def test_merging_an_empty_profile_changes_nothing(spec: ef.Spec, log: Log) -> None:
    profile = ef.fold(spec, log, unit="ms")
    assert ef.merge(spec, profile, ef.empty_profile(spec)).to_json() == profile.to_json()


@given(specs, logs, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(spec: ef.Spec, log: Log, random: Any) -> None:
    shuffled = random.sample(log, len(log))
    assert ef.fold(spec, shuffled, unit="ms").to_json() == ef.fold(spec, log, unit="ms").to_json()


@given(specs, logs)
def test_a_profile_reads_back_to_the_same_bytes_and_features(spec: ef.Spec, log: Log) -> None:
    profile = ef.fold(spec, log, replica="r", unit="ms")
    again = ef.Profile.from_json(ef.Spec.from_json(spec.to_json()), profile.to_json())
    now_ms = (profile.last_ms or 0) + 1
    assert again.to_json() == profile.to_json()
    a, b = ef.features(spec, profile, now_ms), ef.features(again.spec, again, now_ms)
    assert list(a) == list(b)
    assert all(same_bits(a[name], b[name]) for name in a)


@given(specs, logs)
def test_a_profile_is_never_larger_than_its_spec_says(spec: ef.Spec, log: Log) -> None:
    assert len(ef.fold(spec, log, replica="r" * 64, unit="ms").to_json()) <= spec.max_state_bytes


@given(specs, logs)
def test_folding_one_event_at_a_time_gives_the_same_bytes(spec: ef.Spec, log: Log) -> None:
    profile = ef.empty_profile(spec)
    for event in log:
        profile = ef.merge(spec, profile, ef.fold(spec, [event], unit="ms"))
    assert profile.to_json() == ef.fold(spec, log, unit="ms").to_json()


@given(logs, st.integers(1, 50 * DAY_MS), st.sampled_from([(ef.days(2), ef.hours(6)), (ef.minutes(7), ef.minutes(3))]))
def test_a_window_counts_the_events_from_its_first_hop_to_now(log: Log, later_ms: int, window: Any) -> None:
    within, hop = window
    spec = spec_of(ef.count(sale, within=within, hop=hop))
    profile = ef.fold(spec, log, unit="ms")
    now_ms = (profile.last_ms or 0) + later_ms
    start_ms = (now_ms - within.milliseconds) // hop.milliseconds * hop.milliseconds
    expected = sum(event["type"] == "sale" and start_ms <= event["time"] < now_ms for event in log)
    assert ef.features(spec, profile, now_ms)["f0"] == expected


AT_ONE_TIME = [
    {"type": "sale", "time": 5, "seq": seq, "data": {"amount": seq, "gift": False, "note": "a"}} for seq in (1, 2)
]


def plant_lost_tie_break(patch: pytest.MonkeyPatch) -> ef.Spec:
    original = aggregates.extreme.EdgeValue.update
    patch.setattr(
        aggregates.extreme.EdgeValue,
        "update",
        lambda self, state, value, moment: (
            state if state and state[0][0] == moment[0] else original(self, state, value, moment)
        ),
    )
    return spec_of(ef.last(sale.amount))


def plant_double_merge(patch: pytest.MonkeyPatch) -> ef.Spec:
    patch.setattr(aggregates.linear.Count, "merge", lambda self, a, b: a + 2 * b)
    return spec_of(ef.count(sale))


def plant_dropped_side(patch: pytest.MonkeyPatch) -> ef.Spec:
    patch.setattr(aggregates.keyed.Keyed, "merge", lambda self, a, b: a)
    return spec_of(ef.count_by(sale.note, keys=["a"]))


@pytest.mark.usefixtures("planted_fault")
@pytest.mark.parametrize("plant", [plant_lost_tie_break, plant_double_merge, plant_dropped_side])
def test_the_check_of_the_law_sees_a_planted_fault(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = plant(monkeypatch)
    with pytest.raises(AssertionError):
        check_split(spec, AT_ONE_TIME, [False, True])
