"""The number of distinct values, up to a cap."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .base import Domain, Moment, Sifted, WrongState


@dataclass(frozen=True)
class Distinct:
    """State: the ``cap`` smallest distinct values, ascending (strings by code point). Keeping the smallest, not the
    earliest, is what makes the merge associative."""

    cap: int
    domain: Domain

    def zero(self) -> list[Any]:
        return []

    def update(self, state: list[Any], value: Any, moment: Moment) -> list[Any]:
        place = bisect_left(state, value)
        if place < self.cap and (place == len(state) or state[place] != value):
            state.insert(place, value)
            del state[self.cap :]
        return state

    def merge(self, a: list[Any], b: list[Any]) -> list[Any]:
        for value in b:
            self.update(a, value, (0, "", 0))
        return a

    def finalize(self, state: list[Any], now_ms: int) -> float:
        return float(len(state))

    def encode(self, state: list[Any]) -> list[Any]:
        return list(state)

    def decode(self, value: Any, last_ms: int) -> list[Any]:
        if not isinstance(value, list) or not 1 <= len(value) <= self.cap:
            raise WrongState(f"a list of 1 to {self.cap} values")
        state = [self.domain.accept(item) for item in value]
        if any(not a < b for a, b in pairwise(state)):
            raise WrongState("distinct values in ascending order")
        return state

    def sift(self, value: Any, last_ms: int) -> Sifted:
        inside, outside, lost = self.zero(), self.zero(), not isinstance(value, list) or not value
        for item in value if isinstance(value, list) else ():
            try:
                fits, held = self.domain.sift(item)
                self.update(inside if fits else outside, held, (0, "", 0))
            except WrongState:
                lost = True
        # A list that was full may have been cut to make room for what is outside.
        cut = bool(outside) and len(inside) < self.cap <= len(inside) + len(outside)
        return Sifted(inside, outside, last_ms + 1 if cut else None, lost)

    def join(self, inside: list[Any], outside: list[Any]) -> list[Any]:
        """All of both, in order: up to twice the cap, so that neither displaces the other."""
        return sorted(inside + outside)

    def max_bytes(self) -> int:
        return len("[]") + self.cap * (self.domain.max_bytes + len(","))
