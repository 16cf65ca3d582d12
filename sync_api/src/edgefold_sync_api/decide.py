"""What the server does with a diff: the decision table of PROTOCOL.md as one pure function."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from .diff import MAX_EVENTS, Diff

RETIRED = "retired"
"""The head of a retired replica: an event that no device has, so that each finds its timeline going on differently there."""


class Outcome(StrEnum):
    """What becomes of a diff."""

    OVERLAP = "overlap"
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    REPLACED = "replaced"
    GAP = "gap"
    FORK = "fork"


@dataclass(frozen=True)
class Timeline:
    """What the server knows of a replica's events: how many it has, and the ids of the last 1,024, oldest first."""

    acked: int = 0
    recent: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The id of event ``acked``; ``""`` before the first."""
        return self.recent[-1] if self.recent else ""


@dataclass(frozen=True)
class Decision:
    """The outcome of a diff, the replica's timeline after it, and, for an overlap, the ids that another replica has."""

    outcome: Outcome
    timeline: Timeline
    overlap: tuple[str, ...] = ()


def decide(timeline: Timeline, diff: Diff, others: Callable[[], Collection[str]]) -> Decision:
    """Decide on a diff of the replica with this timeline; the first row that fits counts.

    ``others`` gives the recent ids of the subject's other replicas; it is asked only where they matter.
    """
    outcome = _outcome(timeline, diff)
    if outcome not in (Outcome.APPLIED, Outcome.REPLACED):
        return Decision(outcome, timeline)
    elsewhere = others()
    overlap = tuple(event_id for event_id in diff.ids if event_id in elsewhere) if elsewhere else ()
    if overlap:
        return Decision(Outcome.OVERLAP, timeline, overlap)
    before = timeline.recent if outcome is Outcome.APPLIED else ()
    return Decision(outcome, Timeline(diff.last, (before + diff.ids)[-MAX_EVENTS:]))


def _outcome(timeline: Timeline, diff: Diff) -> Outcome:
    acked, head = timeline.acked, timeline.head
    if diff.first == acked + 1 and diff.prev == head:
        return Outcome.APPLIED
    if diff.first == 0 and diff.last >= acked and (acked == 0 or id_of(diff, acked) == head):
        return Outcome.REPLACED
    if diff.first > 0 and diff.last == acked and diff.ids[-1] == head:
        return Outcome.DUPLICATE
    if diff.first > acked + 1:
        return Outcome.GAP
    return Outcome.FORK


def id_of(diff: Diff, seq: int) -> str | None:
    """Return the id of the diff's event ``seq``, None where the diff does not tell it."""
    place = seq - diff.last - 1
    return diff.ids[place] if -len(diff.ids) <= place < 0 else None
