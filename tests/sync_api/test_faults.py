"""The machine of the protocol sees a fault that is planted in the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_sync_api import decide, sync
from edgefold_sync_api.decide import Decision, Outcome, Timeline
from edgefold_sync_api.diff import Diff
from edgefold_sync_api.store import Contribution

from .site import make_app, spec
from .test_protocol import run

SOUND_DECIDE, SOUND_OUTCOME, SOUND_CONTRIBUTION = decide.decide, decide._outcome, sync.contribution_after


def plant_diff_applied_twice(patch: pytest.MonkeyPatch) -> None:
    def twice(of: ef.Spec, held: Any, diff: Diff, decision: Decision) -> ef.Profile:
        return ef.merge(spec, SOUND_CONTRIBUTION(of, held, diff, decision), diff.delta)

    patch.setattr(sync, "contribution_after", twice)


def plant_dropped_diff(patch: pytest.MonkeyPatch) -> None:
    def dropped(of: ef.Spec, held: Any, diff: Diff, decision: Decision) -> ef.Profile:
        known = held.replicas.get(diff.replica)
        return (
            ef.empty_profile(spec)
            if known is None
            else SOUND_CONTRIBUTION(of, held, diff, Decision(Outcome.GAP, Timeline()))
        )

    patch.setattr(sync, "contribution_after", dropped)


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


FAULTS = (
    plant_diff_applied_twice,
    plant_dropped_diff,
    plant_overlap_left_out,
    plant_duplicate_applied,
    plant_duplicate_left_out,
    plant_retirement_forgotten,
)


@pytest.mark.parametrize("plant", FAULTS)
def test_the_machine_sees_a_planted_fault(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(make_app(tmp_path), 300, shrink=False)
