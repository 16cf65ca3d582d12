"""The machine of the protocol sees a fault that is planted in the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_sync_api import decide, diff, profiles, sync
from edgefold_sync_api.decide import Decision, Outcome, Timeline
from edgefold_sync_api.diff import Diff
from edgefold_sync_api.profiles import Profiles
from edgefold_sync_api.store import Contribution

from .specs import A, B, folded
from .test_protocol import run, serve_specs

Plant = Callable[[pytest.MonkeyPatch], None]
SOUND_DECIDE, SOUND_OUTCOME, SOUND_CONTRIBUTION = decide.decide, decide._outcome, sync.contribution_after
SOUND_KEEP, SOUND_MERGE, SOUND_ANSWER = profiles.keep_over, profiles.merge_carried, Profiles.answer


def plant_diff_applied_twice(patch: pytest.MonkeyPatch) -> None:
    def twice(profiles: Profiles, held: Any, diff: Diff, decision: Decision) -> ef.Kept:
        return ef.add(SOUND_CONTRIBUTION(profiles, held, diff, decision), diff.delta)

    patch.setattr(sync, "contribution_after", twice)


def plant_dropped_diff(patch: pytest.MonkeyPatch) -> None:
    def dropped(profiles: Profiles, held: Any, diff: Diff, decision: Decision) -> ef.Kept:
        return SOUND_CONTRIBUTION(profiles, held, diff, Decision(Outcome.GAP, Timeline()))

    patch.setattr(sync, "contribution_after", dropped)


def plant_other_specs_dropped_on_replaced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "keep_over", lambda before, delta, since_ms, is_same: ef.keep(delta, since_ms))


def plant_since_left_out_on_replaced(patch: pytest.MonkeyPatch) -> None:
    def without(before: ef.Kept, delta: ef.Profile, since_ms: Any, is_same: bool) -> ef.Kept:
        return SOUND_KEEP(before, delta, since_ms, True)

    patch.setattr(sync, "keep_over", without)


def plant_since_left_out_on_applied(patch: pytest.MonkeyPatch) -> None:
    def without(profiles: Profiles, held: Any, diff: Diff, decision: Decision) -> ef.Kept:
        after = SOUND_CONTRIBUTION(profiles, held, diff, decision)
        return replace(after, entries={name: replace(entry, since_ms=None) for name, entry in after.entries.items()})

    patch.setattr(sync, "contribution_after", without)


def plant_since_of_the_diff_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(diff, "_parse_since", lambda where, given, spec: {})


def plant_since_of_some_part(patch: pytest.MonkeyPatch) -> None:
    def some(spec: ef.Spec, parts: Any) -> ef.Carried:
        told = list(parts)
        whole = SOUND_MERGE(spec, told)
        since_ms = {n: s for n, s in whole.since_ms.items() if all(n in part.since_ms for part in told)}
        return ef.Carried(whole.profile, since_ms)

    patch.setattr(profiles, "merge_carried", some)


def plant_retired_of_one_spec(patch: pytest.MonkeyPatch) -> None:
    def one(self: Profiles, texts: Any) -> str:
        carried = [ef.carry(A, self.read(text)) for text in texts]
        return self.write(ef.keep(SOUND_MERGE(A, carried).profile))

    patch.setattr(Profiles, "merge", one)


def plant_answer_by_another_spec(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Profiles, "answer", lambda self, spec, texts: SOUND_ANSWER(self, A, texts))


def plant_overlap_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "decide", lambda timeline, diff, others: SOUND_DECIDE(timeline, diff, set))


def plant_duplicate_applied(patch: pytest.MonkeyPatch) -> None:
    def again(timeline: Timeline, diff: Diff, others: Any) -> Decision:
        found = SOUND_DECIDE(timeline, diff, others)
        return Decision(Outcome.APPLIED, timeline) if found.outcome is Outcome.DUPLICATE else found

    patch.setattr(sync, "decide", again)


def plant_duplicate_left_out(patch: pytest.MonkeyPatch) -> None:
    def without(timeline: Timeline, diff: Diff) -> Outcome:
        found = SOUND_OUTCOME(timeline, diff)
        return Outcome.FORK if found is Outcome.DUPLICATE else found

    patch.setattr(decide, "_outcome", without)


def plant_retirement_forgotten(patch: pytest.MonkeyPatch) -> None:
    def unended(self: Any) -> Timeline:
        ids = tuple(self.recent_text.split())
        return Timeline(self.acked - 1, ids[:-1]) if self.is_retired else Timeline(self.acked, ids)

    patch.setattr(Contribution, "timeline", property(unended))


FAULTS: tuple[Plant, ...] = (
    plant_diff_applied_twice,
    plant_dropped_diff,
    plant_other_specs_dropped_on_replaced,
    plant_since_left_out_on_replaced,
    plant_since_left_out_on_applied,
    plant_since_of_some_part,
    plant_retired_of_one_spec,
    plant_answer_by_another_spec,
    plant_overlap_left_out,
    plant_duplicate_applied,
    plant_duplicate_left_out,
    plant_retirement_forgotten,
)


@pytest.mark.parametrize("plant", FAULTS)
def test_the_machine_sees_a_planted_fault(plant: Plant, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, BaseExceptionGroup, ef.ReducerError)):
        run(serve_specs(tmp_path), 300, shrink=False)


def test_the_machine_sees_that_since_is_left_out_where_rows_are_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    plant_since_of_the_diff_left_out(monkeypatch)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(serve_specs(tmp_path), 300, keeps_rows=False, shrink=False)


def others_since(is_same: bool) -> set[int | None]:
    """Return since when the aggregates of B alone count, after a device of A and B gave its whole contribution by A."""
    numbers = frozenset(range(3))
    before = ef.keep(folded(A, numbers))
    before = replace(before, entries={**ef.keep(folded(B, numbers)).entries, **before.entries})
    after = sync.keep_over(before, folded(A, numbers if is_same else numbers | {3}), {}, is_same)
    return {after.entries[name].since_ms for name in B.aggregates.keys() - A.aggregates.keys()}


def test_a_whole_contribution_of_the_events_that_are_in_takes_nothing_from_other_specs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert others_since(is_same=True) == {None}
    assert None not in others_since(is_same=False)
    plant_since_left_out_on_replaced(monkeypatch)
    assert others_since(is_same=False) == {None}, "the planted fault is not seen"
