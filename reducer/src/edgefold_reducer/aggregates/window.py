"""A window over any aggregate: a state a bucket of ``hop_ms`` (Chronon's sawtooth window)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..canonical import MAX_SAFE_INTEGER
from .base import Aggregate, Moment, Sifted, State, WrongState

Buckets = dict[int, State]


@dataclass(frozen=True)
class Window:
    """State: {bucket: state} without zeros, bucket = floor(time / hop_ms)."""

    inner: Aggregate
    window_ms: int
    hop_ms: int

    def zero(self) -> Buckets:
        return {}

    def update(self, state: Buckets, value: Any, moment: Moment) -> Buckets:
        bucket = moment[0] // self.hop_ms
        held = state.get(bucket)
        return self._put(state, bucket, self.inner.update(self.inner.zero() if held is None else held, value, moment))

    def merge(self, a: Buckets, b: Buckets) -> Buckets:
        for bucket, state in b.items():
            held = a.get(bucket)
            self._put(a, bucket, self.inner.merge(self.inner.zero() if held is None else held, state))
        return a

    def _put(self, buckets: Buckets, bucket: int, state: State) -> Buckets:
        if state == self.inner.zero():
            buckets.pop(bucket, None)
        else:
            buckets[bucket] = state
        return buckets

    def oldest(self, now_ms: int) -> int:
        """Return the first bucket that a read-out at ``now_ms`` needs."""
        return (now_ms - self.window_ms) // self.hop_ms

    def prune(self, state: Buckets, last_ms: int) -> Buckets:
        """Return the state without the buckets that no read-out after ``last_ms`` needs."""
        oldest = self.oldest(last_ms + 1)
        return {bucket: held for bucket, held in state.items() if bucket >= oldest}

    def finalize(self, state: Buckets, now_ms: int) -> Any:
        oldest = self.oldest(now_ms)
        merged = self.inner.zero()
        for bucket, held in state.items():
            if bucket >= oldest:
                merged = self.inner.merge(merged, held)
        return self.inner.finalize(merged, now_ms)

    def encode(self, state: Buckets) -> dict[str, Any]:
        return {str(bucket): self.inner.encode(held) for bucket, held in state.items()}

    def decode(self, value: Any, last_ms: int) -> Buckets:
        oldest, newest = max(0, self.oldest(last_ms + 1)), last_ms // self.hop_ms
        if not isinstance(value, dict) or not value:
            raise WrongState("an object with a member a bucket")
        buckets: Buckets = {}
        for name, held in value.items():
            bucket = _bucket(name)
            if bucket is None or not oldest <= bucket <= newest:
                raise WrongState(f"buckets of {oldest} .. {newest}")
            buckets[bucket] = self.inner.decode(held, last_ms)
            if buckets[bucket] == self.inner.zero():
                raise WrongState("no bucket of no events")
        return buckets

    def sift(self, value: Any, last_ms: int) -> Sifted:
        inside, outside, since_ms = self.zero(), self.zero(), 0
        lost = not isinstance(value, dict) or not value
        for name, held in value.items() if isinstance(value, dict) else ():
            bucket = _bucket(name)
            if bucket is None or bucket > last_ms // self.hop_ms:
                lost = True
            elif bucket >= self.oldest(last_ms + 1):
                sifted = self.inner.sift(held, last_ms)
                self._put(inside, bucket, sifted.inside)
                self._put(outside, bucket, sifted.outside)
                since_ms = max(since_ms, min(sifted.since_ms or 0, (bucket + 1) * self.hop_ms))
                lost |= sifted.lost
        return Sifted(inside, outside, since_ms or None, lost)

    def join(self, inside: Buckets, outside: Buckets) -> dict[str, Any]:
        zero = self.inner.zero
        return {
            str(bucket): self.inner.join(inside.get(bucket, zero()), outside.get(bucket, zero()))
            for bucket in inside.keys() | outside.keys()
        }

    def max_bytes(self) -> int:
        buckets = self.window_ms // self.hop_ms + 2
        return len("{}") + buckets * (len('"":,') + len(str(MAX_SAFE_INTEGER // self.hop_ms)) + self.inner.max_bytes())


def _bucket(name: str) -> int | None:
    """Return the bucket that a member names in its one form, else None."""
    bucket = int(name) if name.isascii() and name.isdigit() and len(name) <= 16 else -1
    return bucket if str(bucket) == name else None
