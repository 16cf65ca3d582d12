"""Aggregates that keep one extreme: the smallest or largest value, the first or last event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..canonical import MAX_SAFE_INTEGER, safe_integer
from ..replica import MAX_REPLICA_CHARACTERS, is_replica
from .base import Domain, Moment, Sifted, WrongState, as_quotient, decode_time, sift_whole

TIME_BYTES = len(str(MAX_SAFE_INTEGER))
Choose = Callable[[Any, Any], Any]
"""``min`` or ``max``."""


@dataclass(frozen=True)
class ExtremeValue:
    """State: the smallest (``choose`` is min) or largest (max) value, None before the first."""

    choose: Choose
    scale: int
    domain: Domain

    def zero(self) -> None:
        return None

    def update(self, state: int | None, value: int, moment: Moment) -> int:
        return value if state is None else self.choose(state, value)

    def merge(self, a: int | None, b: int | None) -> int | None:
        return a if b is None else self.update(a, b, (0, "", 0))

    def finalize(self, state: int | None, now_ms: int) -> float | None:
        return None if state is None else as_quotient(state, 10**self.scale)

    def encode(self, state: int) -> int:
        return state

    def decode(self, value: Any, last_ms: int) -> int:
        number: int = self.domain.accept(value)
        return number

    def sift(self, value: Any, last_ms: int) -> Sifted:
        return sift_whole(self, value, last_ms)

    def join(self, inside: int, outside: int) -> int:
        return self.encode(inside)

    def max_bytes(self) -> int:
        return self.domain.max_bytes


@dataclass(frozen=True)
class ExtremeTime:
    """State: the time of the earliest (``choose`` is min) or latest (max) event, None before the first."""

    choose: Choose
    unit_ms: int

    def zero(self) -> None:
        return None

    def update(self, state: int | None, value: Any, moment: Moment) -> int:
        return moment[0] if state is None else self.choose(state, moment[0])

    def merge(self, a: int | None, b: int | None) -> int | None:
        return a if b is None else self.update(a, None, (b, "", 0))

    def finalize(self, state: int | None, now_ms: int) -> float | None:
        return None if state is None else as_quotient(now_ms - state, self.unit_ms)

    def encode(self, state: int) -> int:
        return state

    def decode(self, value: Any, last_ms: int) -> int:
        return decode_time(value, last_ms)

    def sift(self, value: Any, last_ms: int) -> Sifted:
        return sift_whole(self, value, last_ms)

    def join(self, inside: int, outside: int) -> int:
        return self.encode(inside)

    def max_bytes(self) -> int:
        return TIME_BYTES


Edge = tuple[Moment, Any]


@dataclass(frozen=True)
class EdgeValue:
    """State: (moment, value) of the first (``choose`` is min) or last (max) event, None before the first."""

    choose: Choose
    scale: int | None
    """None where the value is no number."""
    domain: Domain

    def zero(self) -> None:
        return None

    def update(self, state: Edge | None, value: Any, moment: Moment) -> Edge:
        # Ties in (time, replica, seq) are one event; the value makes the order total even so.
        edge = (moment, value)
        return edge if state is None else self.choose(state, edge)

    def merge(self, a: Edge | None, b: Edge | None) -> Edge | None:
        return a if b is None else self.update(a, b[1], b[0])

    def finalize(self, state: Edge | None, now_ms: int) -> float | str | None:
        if state is None:
            return None
        value = state[1]
        if isinstance(value, str):
            return value
        return float(value) if self.scale is None else as_quotient(value, 10**self.scale)

    def encode(self, state: Edge) -> list[Any]:
        return [*state[0], state[1]]

    def decode(self, value: Any, last_ms: int) -> Edge:
        moment, held = self._moment(value, last_ms)
        return (moment, self.domain.accept(held))

    def _moment(self, value: Any, last_ms: int) -> tuple[Moment, Any]:
        if not isinstance(value, list) or len(value) != 4:
            raise WrongState("a list of time, replica, seq and value")
        time, replica, seq = decode_time(value[0], last_ms), value[1], safe_integer(value[2])
        if not is_replica(replica) or seq is None or seq < 1:
            raise WrongState("a replica's name and a seq of 1 .. 2^53 - 1")
        return (time, replica, seq), value[3]

    def sift(self, value: Any, last_ms: int) -> Sifted:
        edges: dict[bool, Edge | None] = {True: None, False: None}
        lost = False
        for item in value if isinstance(value, list) and value and isinstance(value[0], list) else [value]:
            try:
                moment, held = self._moment(item, last_ms)
                fits, accepted = self.domain.sift(held)
                edges[fits] = self.merge(edges[fits], (moment, accepted))
            except WrongState:
                lost = True
        inside, outside = edges[True], edges[False]
        return Sifted(inside, outside, self._whole_since(inside, outside, last_ms), lost)

    def _whole_since(self, inside: Edge | None, outside: Edge | None, last_ms: int) -> int | None:
        """From where ``inside`` is of every event: the edge outside may have displaced some, of its spec's time."""
        if outside is None or (inside is not None and self.choose(inside, outside) == inside):
            return None
        displacing = outside if self.choose is max else inside
        return last_ms + 1 if displacing is None else displacing[0][0] + 1

    def join(self, inside: Edge | None, outside: Edge | None) -> list[Any]:
        """The edge that is chosen; where that is the one outside, the one inside too, so that it is not lost to its spec."""
        chosen = self.merge(inside, outside)
        assert chosen is not None
        return self.encode(chosen) if inside in (None, chosen) else [self.encode(chosen), self.encode(inside)]

    def max_bytes(self) -> int:
        return len('[,"",,]') + 2 * TIME_BYTES + MAX_REPLICA_CHARACTERS + self.domain.max_bytes
