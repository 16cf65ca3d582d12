"""What goes wrong in the reducer: one root, the values as attributes, the same names in every language."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def reduce_error(error: Exception) -> tuple[Any, ...]:
    """Pickle an error with its values, so that it crosses a process; Exception's own way would call its class with the message alone."""
    return copyreg.__newobj__, (type(error), *error.args), vars(error)  # type: ignore[attr-defined]  # no stub has it


class ReducerError(Exception):
    """The root of every error that the reducer raises on purpose."""

    __reduce__ = reduce_error


class InvalidSpec(ReducerError):
    """A spec, or a part of one, that no implementation could fold alike."""

    def __init__(self, where: str, value: object, expected: str) -> None:
        self.where, self.value, self.expected = where, value, expected
        super().__init__(f"{where} is {shown(value)}; expected {expected}.")


class InvalidEvent(ReducerError):
    """An event that the spec refuses; nothing of it was folded."""

    def __init__(
        self,
        event: str | None,
        field: str | None,
        value: object,
        expected: str,
        advice: str = "Correct it, or declare it in the spec.",
    ) -> None:
        self.event, self.field, self.value, self.expected = event, field, value, expected
        place = ".".join(part for part in (event, field) if part) or "the event"
        super().__init__(f"{place} is {shown(value)}; expected {expected}. {advice}")


class InvalidReplica(ReducerError):
    """A replica name that could not be compared alike everywhere."""

    def __init__(self, value: object) -> None:
        self.value, self.expected = value, "up to 64 of A-Z, a-z, 0-9, _ and -"
        super().__init__(f"the replica is {shown(value)}; expected {self.expected}.")


class InvalidAttribute(ReducerError):
    """An attribute that the spec does not declare, or with a value that it refuses."""

    def __init__(self, attribute: str, value: object, expected: str) -> None:
        self.attribute, self.value, self.expected = attribute, value, expected
        super().__init__(f"attribute {attribute} is {shown(value)}; expected {expected}.")


class InvalidProfile(ReducerError):
    """Text or JSON that no fold by this spec can have produced."""

    def __init__(self, where: str, value: object, expected: str) -> None:
        self.where, self.value, self.expected = where, value, expected
        super().__init__(f"{where} of the profile is {shown(value)}; expected {expected}. Fold its events again.")


class SpecMismatch(ReducerError):
    """A profile of one spec given to another."""

    def __init__(self, given: str, expected: str) -> None:
        self.given, self.expected = given, expected
        super().__init__(
            f"the profile was folded by spec {given[:12]}…, expected {expected[:12]}…; "
            "fold its events again by the expected spec."
        )


class ReadOutTooEarly(ReducerError):
    """A read-out at a time that some folded event has not passed."""

    def __init__(self, now_ms: object, last_ms: int | None) -> None:
        self.now_ms, self.last_ms = now_ms, last_ms
        expected = f"over {last_ms}, its last event's time" if last_ms is not None else "of 0 .. 2^53 - 1"
        super().__init__(f"now_ms is {shown(now_ms)}; expected an integer {expected}, since only earlier events count.")


class InvalidTable(ReducerError):
    """A table, or rows in one, that the spec refuses.

    ``refused`` counts the rows; ``row`` (from 0), ``field`` and ``value`` are those of the first.
    """

    def __init__(
        self,
        table: str,
        message: str,
        *,
        refused: int = 0,
        row: int | None = None,
        field: str | None = None,
        value: Any = None,
    ) -> None:
        self.table, self.refused, self.row, self.field, self.value = table, refused, row, field, value
        super().__init__(f"table {table}: {message}")


def listed(names: Iterable[str], given: object) -> str:
    """Return the names that there are, and which of them a misspelt one is near to."""
    there = list(names)
    folded = {name.casefold(): name for name in there}
    near = get_close_matches(given.casefold(), folded, n=1) if isinstance(given, str) else []
    return ", ".join(there) + (f" (did you mean {folded[near[0]]}?)" if near else "")


def shown(value: object) -> str:
    """``repr`` of a value, short enough for one line of a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
