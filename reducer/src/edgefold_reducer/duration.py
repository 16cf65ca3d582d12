"""Lengths of time, in whole milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from .canonical import plain
from .errors import InvalidSpec

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time; ``milliseconds`` is a positive integer."""

    milliseconds: int

    def __repr__(self) -> str:
        """Return it in the largest unit of which it is a whole number."""
        milliseconds = self.milliseconds
        if milliseconds % DAY_MS == 0:
            return f"days({milliseconds // DAY_MS})"
        if milliseconds % HOUR_MS == 0:
            return f"hours({milliseconds // HOUR_MS})"
        if milliseconds % MINUTE_MS == 0:
            return f"minutes({milliseconds // MINUTE_MS})"
        return f"Duration(milliseconds={milliseconds})"


def minutes(count: float) -> Duration:
    """Return a duration of that many minutes."""
    return _duration("minutes", count, MINUTE_MS)


def hours(count: float) -> Duration:
    """Return a duration of that many hours."""
    return _duration("hours", count, HOUR_MS)


def days(count: float) -> Duration:
    """Return a duration of that many times 24 hours."""
    return _duration("days", count, DAY_MS)


def _duration(unit: str, count: float, unit_ms: int) -> Duration:
    count = plain(count)
    if type(count) not in (int, float):
        raise InvalidSpec(f"a number of {unit}", count, f"a number: {unit}(90)")
    milliseconds = count * unit_ms
    if not 0 < milliseconds < 2**53 or milliseconds != int(milliseconds):
        raise InvalidSpec("a duration", count, "a positive, whole number of milliseconds")
    return Duration(int(milliseconds))


DAY = days(1)


def default_hop(window: Duration) -> Duration:
    """Return the hop of a window that names none: 5 minutes under 12 hours, 1 hour under 12 days, else a day."""
    if window < hours(12):
        return min(minutes(5), window)
    return hours(1) if window < days(12) else days(1)
