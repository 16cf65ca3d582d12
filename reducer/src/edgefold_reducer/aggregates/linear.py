"""Aggregates that add: a count, a total, a mean. Their states are exact integers of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..canonical import MAX_SAFE_INTEGER, decode_integer, encode_integer, safe_integer
from .base import Moment, Sifted, WrongState, as_quotient, sift_whole

COUNT_BYTES = len(str(MAX_SAFE_INTEGER))
SUM_BYTES = len(str(-(2**106))) + 2
"""At most 2^53 events of |n| < 2^53 each, as a string."""


def decode_count(value: Any) -> int:
    """Return a count of at least one event, else raise WrongState."""
    number = safe_integer(value)
    if number is None or number < 1:
        raise WrongState("a count of 1 .. 2^53 - 1")
    return number


def decode_sum(value: Any) -> int:
    """Return an exact sum, else raise WrongState."""
    number = decode_integer(value)
    if number is None:
        raise WrongState("an integer: a number where |n| < 2^53, else a string of digits")
    return number


@dataclass(frozen=True)
class Count:
    """State: n."""

    def zero(self) -> int:
        return 0

    def update(self, state: int, value: Any, moment: Moment) -> int:
        return state + 1

    def merge(self, a: int, b: int) -> int:
        return a + b

    def finalize(self, state: int, now_ms: int) -> float:
        return float(state)

    def encode(self, state: int) -> int | str:
        return encode_integer(state)

    def decode(self, value: Any, last_ms: int) -> int:
        return decode_count(value)

    def sift(self, value: Any, last_ms: int) -> Sifted:
        return sift_whole(self, value, last_ms)

    def join(self, inside: int, outside: int) -> int | str:
        return self.encode(inside)

    def max_bytes(self) -> int:
        return COUNT_BYTES


@dataclass(frozen=True)
class Total:
    """State: the sum of the values' integers, each 10^scale times the value."""

    scale: int

    def zero(self) -> int:
        return 0

    def update(self, state: int, value: int, moment: Moment) -> int:
        return state + value

    def merge(self, a: int, b: int) -> int:
        return a + b

    def finalize(self, state: int, now_ms: int) -> float:
        return as_quotient(state, 10**self.scale)

    def encode(self, state: int) -> int | str:
        return encode_integer(state)

    def decode(self, value: Any, last_ms: int) -> int:
        return decode_sum(value)

    def sift(self, value: Any, last_ms: int) -> Sifted:
        return sift_whole(self, value, last_ms)

    def join(self, inside: int, outside: int) -> int | str:
        return self.encode(inside)

    def max_bytes(self) -> int:
        return SUM_BYTES


@dataclass(frozen=True)
class Mean:
    """State: (n, sum)."""

    scale: int

    def zero(self) -> tuple[int, int]:
        return (0, 0)

    def update(self, state: tuple[int, int], value: int, moment: Moment) -> tuple[int, int]:
        return (state[0] + 1, state[1] + value)

    def merge(self, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return (a[0] + b[0], a[1] + b[1])

    def finalize(self, state: tuple[int, int], now_ms: int) -> float | None:
        count, total = state
        return as_quotient(total, count * 10**self.scale) if count else None

    def encode(self, state: tuple[int, int]) -> list[int | str]:
        return [encode_integer(state[0]), encode_integer(state[1])]

    def decode(self, value: Any, last_ms: int) -> tuple[int, int]:
        if not isinstance(value, list) or len(value) != 2:
            raise WrongState("a count and a sum")
        return (decode_count(value[0]), decode_sum(value[1]))

    def sift(self, value: Any, last_ms: int) -> Sifted:
        return sift_whole(self, value, last_ms)

    def join(self, inside: tuple[int, int], outside: tuple[int, int]) -> list[int | str]:
        return self.encode(inside)

    def max_bytes(self) -> int:
        return len("[,]") + COUNT_BYTES + SUM_BYTES
