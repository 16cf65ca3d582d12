"""Aggregates by key: a count or a total for each key of a closed vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..canonical import encode_integer
from ..field import OTHER_KEY, is_key
from .base import Moment, Sifted, WrongState, as_quotient, text_bytes
from .linear import COUNT_BYTES, SUM_BYTES, decode_count, decode_sum

Counts = dict[str, int]


@dataclass(frozen=True)
class Keyed:
    """State: {key: integer} without entries of 0. An update's value is (key, amount)."""

    vocabulary: tuple[str, ...]
    scale: int
    counts: bool
    """Whether the integers are counts, else they are sums."""

    def zero(self) -> Counts:
        return {}

    def update(self, state: Counts, value: tuple[str, int], moment: Moment) -> Counts:
        key, amount = value
        amount += state.get(key, 0)
        if amount:
            state[key] = amount
        else:
            state.pop(key, None)
        return state

    def merge(self, a: Counts, b: Counts) -> Counts:
        for entry in b.items():
            self.update(a, entry, (0, "", 0))
        return a

    def finalize(self, state: Counts, now_ms: int) -> list[float]:
        return [as_quotient(state.get(key, 0), 10**self.scale) for key in self.vocabulary]

    def encode(self, state: Counts) -> dict[str, int | str]:
        return {key: encode_integer(number) for key, number in state.items()}

    def decode(self, value: Any, last_ms: int) -> Counts:
        if not isinstance(value, dict) or not value.keys() <= set(self.vocabulary):
            raise WrongState(f"an object whose members are of {', '.join(self.vocabulary)}")
        state = {key: self._decode_number(number) for key, number in value.items()}
        if 0 in state.values():
            raise WrongState("no member of 0")
        return state

    def _decode_number(self, value: Any) -> int:
        return decode_count(value) if self.counts else decode_sum(value)

    def sift(self, value: Any, last_ms: int) -> Sifted:
        inside, outside, lost = Counts(), Counts(), not isinstance(value, dict) or not value
        for key, held in value.items() if isinstance(value, dict) else ():
            try:
                number = self._decode_number(held)
            except WrongState:
                number = 0
            if number == 0 or not is_key(key):
                lost = True
            else:
                (inside if key in self.vocabulary else outside)[key] = number
        return Sifted(inside, outside, lost=lost)

    def join(self, inside: Counts, outside: Counts) -> dict[str, int | str]:
        return self.encode(inside | outside)

    def max_bytes(self) -> int:
        number = COUNT_BYTES if self.counts else SUM_BYTES
        return len("{}") + sum(text_bytes(key) + len(":,") + number for key in self.vocabulary)


def bucketed(keys: tuple[str, ...] | None) -> Callable[[str], str]:
    """Return the function that maps a field's value to its key: itself, or ``__other__`` where keys lack it."""
    if keys is None:
        return lambda value: value
    known = frozenset(keys)
    return lambda value: value if value in known else OTHER_KEY
