"""How often a subject may ask: a token bucket each, in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from .errors import TooManyRequests

BURST_S = 5
"""A bucket holds what its rate gives in so many seconds."""
MAX_BUCKETS = 100_000
"""The bucket that was longest not asked goes first; it is full by then, unless as many subjects ask at once."""


class RateLimit:
    """A bucket a subject, in the order of their last use. Safe to use from several threads."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._capacity = max(1.0, per_second * BURST_S)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, subject: str) -> int:
        """Take one request of a subject's; return in how many ms it may ask again, normally 0.

        Raises:
            TooManyRequests: its bucket is empty.
        """
        now = time.monotonic()
        with self._lock:
            level, filled_at = self._buckets.pop(subject, (self._capacity, now))
            level = min(self._capacity, level + (now - filled_at) * self._rate)
            is_empty = level < 1
            left = level if is_empty else level - 1
            self._buckets[subject] = (left, now)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        wait_s = max(0.0, (1 - left) / self._rate)
        if is_empty:
            raise TooManyRequests(wait_s)
        return round(wait_s * 1_000)
