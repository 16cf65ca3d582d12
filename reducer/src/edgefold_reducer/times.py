"""Units of time, and the check that a time is no other unit's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from .canonical import MAX_SAFE_INTEGER, safe_integer
from .errors import InvalidEvent

UNITS = {"s": (1000, 1), "ms": (1, 1), "us": (1, 1000), "ns": (1, 1_000_000)}
"""A unit as ms: times the first, divided by the second, floored."""
_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
FIRST_PLAUSIBLE_MS, PLAUSIBLE_END_MS = 631_152_000_000, 7_258_118_400_000
"""1990 and 2200: a table whose times all lie outside was most likely read in a wrong unit."""


def is_plausible(time_ms: int) -> bool:
    """Whether a time lies in 1990 to 2200."""
    return FIRST_PLAUSIBLE_MS <= time_ms < PLAUSIBLE_END_MS


def as_ms(count: int, unit: str) -> int | None:
    """Return a count of a unit as ms, floored; None where |ms| >= 2^53."""
    multiple, divisor = UNITS[unit]
    milliseconds = count * multiple // divisor
    return milliseconds if abs(milliseconds) <= MAX_SAFE_INTEGER else None


def in_ms(events: Iterable[object], unit: str | None) -> Iterator[object]:
    """Yield events with their times in ms; one whose time is no integer passes as it is, to be refused.

    Raises:
        InvalidEvent: there is no such unit.
    """
    if unit not in UNITS:
        raise InvalidEvent(None, "unit", unit, f"one of {', '.join(UNITS)}")
    for event in events:
        count = safe_count(event.get("time")) if isinstance(event, Mapping) else None
        yield event if count is None or not isinstance(event, Mapping) else {**event, "time": as_ms(count, unit)}


def safe_count(value: object) -> int | None:
    """Return a count of some unit, which may pass 2^53; None where it is no integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return safe_integer(value)


def time_advice(value: object) -> str:
    """Return what to do about a value that is no time in ms."""
    if isinstance(value, datetime):
        return "Give int(time.timestamp() * 1000), of a time with a zone."
    if isinstance(value, str):
        return "Parse it: int(datetime.fromisoformat(time).timestamp() * 1000), of a time with a zone."
    count = safe_count(
        int(value) if isinstance(value, float) and value.is_integer() is False and abs(value) < 2**53 else value
    )
    return "Correct it." if count is None or count < 0 else unit_advice(count)


def unit_advice(count: int) -> str:
    """Return what is wrong with a time, an integer, that as ms lies outside 1990 to 2200, and what to do about it."""
    return f"As ms that is {day_of(count)}; expected times of 1990 to 2200. {unit_hint(count)}"


def unit_hint(count: int) -> str:
    """Return what to do about such a time."""
    fitting = [unit for unit in UNITS if unit != "ms" and is_plausible(as_ms(count, unit) or 0)]
    if fitting:
        unit = fitting[0]
        return f'As {_WORDS[unit]} it is {day_of(as_ms(count, unit) or 0)}: say unit="{unit}".'
    return 'If that is meant, say unit="ms"; unit= also takes "s", "us" and "ns".'


def day_of(time_ms: int) -> str:
    """Return the day of a time, in UTC."""
    try:
        return f"{(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).date()}"
    except OverflowError:
        return f"{'after' if time_ms > 0 else 'before'} every calendar"
