"""The client's steps of PROTOCOL.md, as plainly as they can be written; by which spec it folds may change at any time.

It keeps every row, so step 8 has nothing to do, unless ``compact`` is called: then only the rows after ``compacted`` are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import edgefold_reducer as ef
from edgefold_sync_api.profiles import NOTHING, merge_carried

from .site import event_id, spec, tick_event
from .specs import BY_ID, TELLING, Covers

Json = dict[str, Any]


@dataclass
class Storage:
    """What a device keeps. ``log`` holds the numbers of its events: event n of the replica is ``log[n - 1]``.

    ``base`` is the kept profile of those up to ``compacted``, ``covers`` which of them each of its aggregates counts. ``others`` is kept
    too. ``by`` is the id of the spec by which the server has the whole contribution, as far as it is acknowledged.
    """

    replica: str
    epoch: int | None = None
    log: list[int] = field(default_factory=list)
    acked: int = 0
    whole: bool = False
    sealed: Json | None = None
    others: ef.Kept | None = None
    compacted: int = 0
    base: ef.Kept = NOTHING
    covers: Covers = field(default_factory=dict)
    by: str | None = None


@dataclass
class Device:
    """A storage, the source of new replicas' names, and the spec by which it folds."""

    storage: Storage
    names: Iterator[str]
    spec: ef.Spec = spec

    def track(self, number: int) -> None:
        """Append an event."""
        self.storage.log.append(number)

    def switch(self, of: ef.Spec) -> None:
        """Go on by another spec; the next diff tells the server the whole contribution by it."""
        self.spec = of

    def compact(self) -> None:
        """Fold the acknowledged events into the base; their rows are gone."""
        held = self.storage
        rows = held.log[held.compacted : held.acked]
        if rows:
            held.base = ef.add(held.base, self._fold(rows, held.compacted))
            held.covers |= _covering(held.covers, self.spec, rows)
            held.compacted = held.acked

    def sealed(self) -> Json | None:
        """Step 6: return the diff under way, else seal the next one; None where there is nothing to send.

        ``covers`` tells the test which events each aggregate of the delta counts; it is not sent.
        """
        held = self.storage
        is_new_spec = held.acked > 0 and held.by != self.spec.id
        if held.sealed is None and (held.acked < len(held.log) or is_new_spec):
            is_whole = held.whole or is_new_spec
            start = 0 if is_whole else held.acked
            numbers = held.log[start:]
            mine = self.mine() if is_whole else ef.Carried(self._fold(numbers, start), {})
            before = held.covers if is_whole else {}
            held.sealed = {
                "replica": held.replica,
                "spec": self.spec.id,
                "epoch": held.epoch or 0,
                "from": 0 if is_whole else start + 1,
                "to": len(held.log),
                "prev": self._id(start) if start else "",
                "ids": [event_id(number) for number in numbers],
                "delta": mine.profile.members(),
                "since": dict(mine.since_ms),
                "covers": _covering(before, self.spec, held.log[max(start, held.compacted) :]),
            }
        return held.sealed

    def receive(self, answer: Json) -> None:
        """Take an answer to ``GET /v1/profile`` or ``POST /v1/diffs``: steps 1 to 7."""
        held = self.storage
        if held.epoch is not None and answer["epoch"] < held.epoch:
            return
        if held.epoch is not None and answer["epoch"] > held.epoch:
            self.forget(answer["epoch"])
            held = self.storage
        held.epoch = answer["epoch"]
        of = BY_ID.get(answer["spec"], spec)
        held.others = ef.keep(ef.Profile.from_json(of, answer["others"]), answer["since"])
        shared = self._shared(answer)
        if shared == answer["acked"]:
            self._believe(answer, shared)
        else:
            self._fork(held.acked if shared is None else shared)

    def forget(self, epoch: int) -> None:
        """Start again as a new replica, in the epoch after an erasure."""
        self.storage = Storage(next(self.names), epoch)

    def mine(self) -> ef.Carried:
        """Return the device's own events by its spec."""
        held = self.storage
        rows = ef.Carried(self._fold(held.log[held.compacted :], held.compacted), {})
        return merge_carried(self.spec, [ef.carry(self.spec, held.base), rows])

    def carried(self) -> ef.Carried:
        """Return what the device scores: its own events and the others'."""
        others = self.storage.others
        return merge_carried(self.spec, [self.mine(), ef.carry(self.spec, NOTHING if others is None else others)])

    def profile(self) -> bytes:
        """Return ``carried`` as canonical bytes."""
        return self.carried().profile.to_json()

    def _id(self, seq: int) -> str:
        return event_id(self.storage.log[seq - 1])

    def _fold(self, numbers: list[int], start: int) -> ef.Profile:
        events = [tick_event(number, seq) for seq, number in enumerate(numbers, start + 1)]
        return ef.fold(self.spec, events, replica=self.storage.replica)

    def _shared(self, answer: Json) -> int | None:
        """Step 1."""
        acked, recent = answer["acked"], answer["recent"]
        for seq in range(min(acked, len(self.storage.log)), acked - len(recent), -1):
            if self._id(seq) == recent[seq - acked - 1]:
                return seq
        return 0 if len(recent) == acked else None

    def _believe(self, answer: Json, shared: int) -> None:
        """Steps 2, 4, 5 and 6."""
        held = self.storage
        held.whole = (
            shared < len(held.log) and (held.whole or shared < held.acked) and answer.get("outcome") != "replaced"
        )
        self._believe_spec(answer, shared)
        held.acked = shared
        if answer.get("outcome") == "overlap":
            taken = set(answer["overlap"])
            held.log = [number for number in held.log if event_id(number) not in taken]
            held.sealed = None
        sealed = held.sealed
        if sealed is not None and (sealed["to"] <= shared or sealed["from"] not in (0, shared + 1)):
            held.sealed = None

    def _believe_spec(self, answer: Json, shared: int) -> None:
        """By which spec the server has the whole contribution."""
        held = self.storage
        sealed, outcome = held.sealed, answer.get("outcome")
        if shared < held.acked:
            held.by = None
        elif sealed is not None and outcome == "replaced":
            held.by = sealed["spec"]
        elif sealed is not None and outcome in ("applied", "duplicate"):
            first = held.acked == 0 and sealed["from"] == 1
            held.by = sealed["spec"] if first or held.by == sealed["spec"] else None

    def _fork(self, shared: int) -> None:
        """Step 3."""
        held = self.storage
        assert shared >= held.compacted, "rows of events that are not shared are there"
        self.storage = Storage(next(self.names), held.epoch, held.log[shared:], others=held.others)


def sent(diff: Json) -> Json:
    """Return a sealed diff as it is sent."""
    return {name: value for name, value in diff.items() if name != "covers"}


def _covering(before: Covers, of: ef.Spec, numbers: list[int]) -> Covers:
    return {name: before.get(name, []) + numbers for name in of.aggregates if name in TELLING}
