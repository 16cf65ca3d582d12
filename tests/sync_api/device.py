"""The client's steps of PROTOCOL.md, as plainly as they can be written; it keeps every row, so step 8 has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import edgefold_reducer as ef

from .site import event_id, spec, tick_event

Json = dict[str, Any]


@dataclass
class Storage:
    """What a device keeps. ``log`` holds the numbers of its events: event n of the replica is ``log[n - 1]``."""

    replica: str
    epoch: int | None = None
    log: list[int] = field(default_factory=list)
    acked: int = 0
    whole: bool = False
    sealed: Json | None = None
    others: Json | None = None


@dataclass
class Device:
    """A storage, and the source of new replicas' names."""

    storage: Storage
    names: Iterator[str]

    def track(self, number: int) -> None:
        """Append an event."""
        self.storage.log.append(number)

    def sealed(self) -> Json | None:
        """Step 6: return the diff under way, else seal the next one; None where there is nothing to send."""
        held = self.storage
        if held.sealed is None and held.acked < len(held.log):
            start = 0 if held.whole else held.acked
            numbers = held.log[start:]
            held.sealed = {
                "replica": held.replica,
                "spec": spec.id,
                "epoch": held.epoch or 0,
                "from": 0 if held.whole else start + 1,
                "to": len(held.log),
                "prev": self._id(start) if start else "",
                "ids": [event_id(number) for number in numbers],
                "delta": self._fold(numbers, start).members(),
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
        held.others = answer["others"]
        shared = self._shared(answer)
        if shared == answer["acked"]:
            self._believe(answer, shared)
        else:
            self._fork(held.acked if shared is None else shared)

    def forget(self, epoch: int) -> None:
        """Start again as a new replica, in the epoch after an erasure."""
        self.storage = Storage(next(self.names), epoch)

    def profile(self) -> bytes:
        """Return what the device scores: its own events and the others'."""
        mine = self._fold(self.storage.log, 0)
        others = self.storage.others
        return ef.merge(spec, mine, ef.Profile.from_json(spec, others) if others else ef.empty_profile(spec)).to_json()

    def _id(self, seq: int) -> str:
        return event_id(self.storage.log[seq - 1])

    def _fold(self, numbers: list[int], start: int) -> ef.Profile:
        events = [tick_event(number, seq) for seq, number in enumerate(numbers, start + 1)]
        return ef.fold(spec, events, replica=self.storage.replica)

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
        held.acked = shared
        if answer.get("outcome") == "overlap":
            taken = set(answer["overlap"])
            held.log = [number for number in held.log if event_id(number) not in taken]
            held.sealed = None
        sealed = held.sealed
        if sealed is not None and (sealed["to"] <= shared or sealed["from"] not in (0, shared + 1)):
            held.sealed = None

    def _fork(self, shared: int) -> None:
        """Step 3."""
        held = self.storage
        self.storage = Storage(next(self.names), held.epoch, held.log[shared:], others=held.others)
