"""A window over any aggregate: a state a bucket of ``hop_ms`` (Chronon's sawtooth window)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..canonical import MAX_SAFE_INTEGER
from .base import Aggregate, Moment, State, WrongState

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
            bucket = int(name) if name.isascii() and name.isdigit() and len(name) <= 16 else -1
            if str(bucket) != name or not oldest <= bucket <= newest:
                raise WrongState(f"buckets of {oldest} .. {newest}")
            buckets[bucket] = self.inner.decode(held, last_ms)
            if buckets[bucket] == self.inner.zero():
                raise WrongState("no bucket of no events")
        return buckets

    def max_bytes(self) -> int:
        buckets = self.window_ms // self.hop_ms + 2
        return len("{}") + buckets * (len('"":,') + len(str(MAX_SAFE_INTEGER // self.hop_ms)) + self.inner.max_bytes())
