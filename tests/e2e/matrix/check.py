"""What must hold at the end of a device's life: each key of a resolved event is counted once, for the subject that tracked it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tracked:
    """An event that was tracked: its key and subject, and whether a fault may lose it, as the store had said."""

    key: str
    subject: str
    may_lose: bool


@dataclass(frozen=True)
class Told:
    """What was seen at the end, by subject: how often each key is counted on the server, and by a device; what is still pending."""

    server: Mapping[str, Mapping[str, float]]
    device: Mapping[str, Mapping[str, float]]
    pending: Mapping[str, int]


@dataclass(frozen=True)
class Verdict:
    """Keys by what is wrong with them."""

    events: int
    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    misplaced: Sequence[str] = ()
    unseen: Sequence[str] = ()
    """Keys of which a device that drained counts another number than the server."""
    stuck: Sequence[str] = field(default=())

    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.misplaced or self.unseen or self.stuck)

    def told(self, engine: str) -> dict[str, str | int]:
        """Return the numbers that a soak sums."""
        wrong = ("lost", "doubled", "misplaced", "unseen", "stuck")
        return {"engine": engine, "events": self.events} | {name: len(getattr(self, name)) for name in wrong}


def judge(tracked: Sequence[Tracked], resolved: set[str], told: Told) -> Verdict:
    """Compare what was tracked with what is counted. An event that did not resolve may be counted, once."""
    lost, doubled, misplaced = [], [], []
    for event in tracked:
        counts = {subject: int(keys.get(event.key, 0)) for subject, keys in told.server.items()}
        own = counts.pop(event.subject, 0)
        if any(counts.values()):
            misplaced.append(event.key)
        elif own == 0 and event.key in resolved and not event.may_lose:
            lost.append(event.key)
        if own > 1:
            doubled.append(event.key)
    stuck = [f"{subject}: {pending} pending" for subject, pending in told.pending.items() if pending > 0]
    unseen = [
        key
        for subject, keys in told.device.items()
        for key in sorted({*keys, *told.server[subject]})
        if keys.get(key, 0) != told.server[subject].get(key, 0)
    ]
    return Verdict(len(resolved), lost, doubled, misplaced, unseen, stuck)
