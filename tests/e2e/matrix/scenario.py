"""What may happen to a device, drawn by a seed: pure."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DIMENSIONS: Mapping[str, Sequence[Any]] = {
    "tabs": (1, 2, 4, 8),
    "ending": ("close", "crash", "kill", "leave"),
    "network": ("well", "offline", "lost", "doubled", "late", "busy", "failing", "foreign", "slow"),
    "storage": ("well", "well", "full", "fails once", "loses connections", "cleared", "restored"),
    "store": ("indexeddb", "indexeddb", "indexeddb", "localstorage", "memory"),
    "clock": ("well", "ahead once", "jumps"),
    "deploy": ("none", "forth", "forth and back"),
    "switch": (False, False, True),
}
"""Each value comes as often as it stands here, whatever the seed."""

KEYS = tuple(f"e{number}" for number in range(250))
SUBJECTS = ("ann", "bob")


@dataclass(frozen=True)
class Scenario:
    """One life of a device. Milliseconds and seconds are of the real clock."""

    seed: str
    tabs: int
    ending: str
    network: str
    storage: str
    store: str
    clock: str
    deploy: str
    switch: bool
    """Whether another person signs in, in the middle."""
    is_named: bool
    """Whether the page says who is signed in, or leaves it to the token."""
    events: int
    """Of each tab in each of its two batches."""
    gap_ms: int
    """Between the events of a batch; 0 is all at once."""
    faults: float
    """The share of requests that the network's fault meets."""
    end_after_seconds: float
    """How long after its beginning the second batch is ended by a crash or a kill."""


def draw(seed: int, number: int, engine: str) -> Scenario:
    """Return scenario ``number`` of a seed: each dimension's values come in turn, shuffled anew each time they are through."""
    rng = random.Random(f"{seed} {engine} {number}")
    values: dict[str, Any] = {}
    for name, choices in DIMENSIONS.items():
        turn, place = divmod(number, len(choices))
        deck = list(choices)
        random.Random(f"{seed} {engine} {name} {turn}").shuffle(deck)
        values[name] = deck[place]
    return Scenario(
        seed=f"{seed} {engine} {number}",
        **values,
        events=rng.randint(2, 24 // max(2, values["tabs"])),
        is_named=values["switch"] or rng.random() < 0.5,
        gap_ms=rng.choice((0, 1, 5, 30)),
        faults=rng.choice((0.3, 0.7, 1)),
        end_after_seconds=rng.choice((0, 0.02, 0.1, 0.4)),
    )


class Keys:
    """Gives each event a key of its own."""

    def __init__(self) -> None:
        self._left = list(reversed(KEYS))

    def take(self, count: int) -> list[str]:
        """Return the next keys."""
        return [self._left.pop() for _ in range(count)]
