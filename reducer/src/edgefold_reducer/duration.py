"""Lengths of time, in whole milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InvalidSpec


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time; ``milliseconds`` is a positive integer."""

    milliseconds: int


def minutes(count: float) -> Duration:
    """Return a duration of that many minutes."""
    return _duration(count, 60_000)


def hours(count: float) -> Duration:
    """Return a duration of that many hours."""
    return _duration(count, 3_600_000)


def days(count: float) -> Duration:
    """Return a duration of that many times 24 hours."""
    return _duration(count, 86_400_000)


def _duration(count: float, unit_ms: int) -> Duration:
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
