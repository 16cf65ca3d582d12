"""The decision table of PROTOCOL.md, row by row."""

from __future__ import annotations

import pytest
from edgefold_sync_api.decide import RETIRED, Decision, Outcome, Timeline, decide
from edgefold_sync_api.diff import MAX_AHEAD_MS, MAX_EVENTS, check_event_id, parse_diff
from edgefold_sync_api.errors import ClockAhead, InvalidRequest

from .site import diff_of, event_id, spec

NOW_MS = 2_000_000_000_000
THREE = Timeline(3, tuple(event_id(number) for number in (1, 2, 3)))


def decided(timeline: Timeline, numbers: list[int], elsewhere: tuple[int, ...] = (), **members: object) -> Decision:
    diff = parse_diff(lambda _: spec, diff_of(numbers, **members), "0" * 32, NOW_MS)  # type: ignore[arg-type]
    return decide(timeline, diff, lambda: {event_id(number) for number in elsewhere})


def test_the_next_events_are_applied() -> None:
    found = decided(THREE, [4, 5], first=4, prev=event_id(3))
    assert found == Decision(Outcome.APPLIED, Timeline(5, (*THREE.recent, event_id(4), event_id(5))))


def test_the_first_events_of_an_unknown_replica_are_applied() -> None:
    assert decided(Timeline(), [1, 2, 3]) == Decision(Outcome.APPLIED, THREE)


def test_next_events_after_another_head_are_a_fork() -> None:
    assert decided(THREE, [4], first=4, prev=event_id(9)) == Decision(Outcome.FORK, THREE)


@pytest.mark.parametrize(
    ("numbers", "first", "prev"), [([3], 3, event_id(2)), ([2, 3], 2, event_id(1)), ([1, 2, 3], 1, "")]
)
def test_a_diff_that_ends_at_the_head_is_a_duplicate(numbers: list[int], first: int, prev: str) -> None:
    assert decided(THREE, numbers, first=first, prev=prev) == Decision(Outcome.DUPLICATE, THREE)


def test_a_duplicate_is_not_an_overlap() -> None:
    assert decided(THREE, [3], (3,), first=3, prev=event_id(2)).outcome is Outcome.DUPLICATE


def test_a_diff_that_ends_at_the_head_by_another_id_is_a_fork() -> None:
    assert decided(THREE, [9], first=3, prev=event_id(2)).outcome is Outcome.FORK


@pytest.mark.parametrize("numbers", [[1, 2, 3], [1, 2, 3, 4]])
def test_a_whole_contribution_that_has_the_head_in_its_place_replaces(numbers: list[int]) -> None:
    found = decided(THREE, numbers, first=0)
    assert found == Decision(Outcome.REPLACED, Timeline(len(numbers), tuple(event_id(number) for number in numbers)))


def test_a_whole_contribution_replaces_nothing() -> None:
    assert decided(Timeline(), [7, 8], first=0).outcome is Outcome.REPLACED


@pytest.mark.parametrize("numbers", [[1, 2], [1, 2, 9], [1, 2, 9, 3], [3, 4, 5, 6]])
def test_a_whole_contribution_without_the_head_in_its_place_is_a_fork(numbers: list[int]) -> None:
    assert decided(THREE, numbers, first=0) == Decision(Outcome.FORK, THREE)


@pytest.mark.parametrize(("last", "outcome"), [(1_026, Outcome.REPLACED), (1_027, Outcome.FORK)])
def test_a_whole_contribution_that_no_longer_tells_the_id_of_the_head_is_a_fork(last: int, outcome: Outcome) -> None:
    """ "its own event acked has the id head": of more than 1,024 events a diff tells the last ids only."""
    ids = [event_id(number) for number in range(last - MAX_EVENTS + 1, last + 1)]
    whole = diff_of([1], first=0) | {"to": last, "ids": ids}
    diff = parse_diff(lambda _: spec, whole, "0" * 32, NOW_MS)
    assert decide(THREE, diff, set).outcome is outcome


def test_a_diff_after_events_that_the_server_lacks_is_a_gap() -> None:
    assert decided(THREE, [6], first=6, prev=event_id(5)) == Decision(Outcome.GAP, THREE)


def test_a_diff_of_events_that_the_server_has_under_other_ids_is_a_fork() -> None:
    assert decided(THREE, [8, 9], first=2, prev=event_id(1)).outcome is Outcome.FORK


@pytest.mark.parametrize("first", [4, 0])
def test_events_that_another_replica_has_are_an_overlap_that_names_them(first: int) -> None:
    numbers = [4, 5, 6] if first else [1, 2, 3, 4, 5, 6]
    found = decided(THREE, numbers, (6, 4, 200), first=first, prev=event_id(3) if first else "")
    assert found == Decision(Outcome.OVERLAP, THREE, (event_id(4), event_id(6)))


def test_a_diff_that_would_not_be_applied_is_no_overlap() -> None:
    assert decided(THREE, [6], (6,), first=6, prev=event_id(5)).outcome is Outcome.GAP


def test_only_the_last_ids_are_remembered() -> None:
    long = Timeline(MAX_EVENTS, tuple(f"earlier{number:04}" for number in range(MAX_EVENTS)))
    found = decided(long, [1, 2], first=MAX_EVENTS + 1, prev=long.head)
    assert found.timeline.recent == (*long.recent[2:], event_id(1), event_id(2))


def test_no_event_can_have_the_id_by_which_a_retired_replica_ends() -> None:
    with pytest.raises(InvalidRequest):
        check_event_id("prev", RETIRED)


@pytest.mark.parametrize(("count", "fits"), [(MAX_EVENTS, True), (MAX_EVENTS + 1, False)])
def test_a_diff_has_1024_events_and_no_more(count: int, fits: bool) -> None:
    body = diff_of([1]) | {"to": count, "ids": [event_id(number) for number in range(1, count + 1)]}
    if fits:
        assert parse_diff(lambda _: spec, body, "0" * 32, NOW_MS).last == count
    else:
        with pytest.raises(InvalidRequest, match="at most 1024"):
            parse_diff(lambda _: spec, body, "0" * 32, NOW_MS)


def test_a_last_event_is_a_day_ahead_of_the_server_and_no_more() -> None:
    last_ms = diff_of([1])["delta"]["last_ms"]
    assert parse_diff(lambda _: spec, diff_of([1]), "0" * 32, last_ms - MAX_AHEAD_MS).delta.last_ms == last_ms
    with pytest.raises(ClockAhead):
        parse_diff(lambda _: spec, diff_of([1]), "0" * 32, last_ms - MAX_AHEAD_MS - 1)


@pytest.mark.parametrize(("length", "fits"), [(7, False), (8, True), (22, True), (23, False)])
def test_an_id_has_8_to_22_characters(length: int, fits: bool) -> None:
    if fits:
        assert check_event_id("id", "a" * length) == "a" * length
    else:
        with pytest.raises(InvalidRequest, match="8 to 22"):
            check_event_id("id", "a" * length)


@pytest.mark.parametrize(("epoch", "fits"), [(0, True), (10**9, True), (10**9 + 1, False), (-1, False)])
def test_an_epoch_is_of_0_to_a_billion(epoch: int, fits: bool) -> None:
    if fits:
        assert parse_diff(lambda _: spec, diff_of([1], epoch=epoch), "0" * 32, NOW_MS).epoch == epoch
    else:
        with pytest.raises(InvalidRequest, match="epoch"):
            parse_diff(lambda _: spec, diff_of([1], epoch=epoch), "0" * 32, NOW_MS)
