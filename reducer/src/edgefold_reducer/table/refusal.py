"""The messages of InvalidTable: the fact with its value, what was expected, what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ..errors import InvalidTable, shown
from ..times import is_plausible, unit_advice
from .advice import type_advice
from .convert import is_text
from .names import LIKELY, listed, near
from .need import Need
from .source import Reading
from .times import raw_count


@dataclass(frozen=True)
class Place:
    """Where a need is read: what messages call the table, of which library it is, and how it is read."""

    table: str
    library: str = "arrow"
    reading: Reading = field(default_factory=Reading)
    maker: str = "ef.source"
    """Which function says how such a table is read."""
    hint: str = ""
    """What else to try where a column is missing."""

    def called(self, name: str) -> str:
        """Return what the caller calls a column, and in brackets what the spec calls it."""
        column = self.reading.column(name)
        return column if column == name else f"{column} ({name})"


def near_hint(name: str, there: Sequence[str]) -> str:
    """Return " Near it is …." where a name is near one of those there, else nothing."""
    close = near(name, there)
    return f" Near it is {close}." if close else ""


def missing_column(
    place: Place, name: str, there: Sequence[str], *, optional: bool, kind: str = "column"
) -> InvalidTable:
    """Say that a column is missing, and how to go on."""
    column = place.reading.column(name)
    close = near(column, there)
    parts = [f"{kind} {place.called(name)} is missing; expected it beside {listed(there)}."]
    if close is not None:
        parts.append(f'Near it is {close}: rename it, or say columns={{"{name}": "{close}"}}.')
    elif not optional:
        parts.append(f'If it has another name, say columns={{"{name}": …}}.')
    if optional:
        parts.append(f'If the table has none, say so: {place.maker}(…, missing=["{name}"]).')
    if place.hint and name not in LIKELY:
        parts.append(place.hint)
    return InvalidTable(place.table, " ".join(parts), field=name)


def wrong_type(place: Place, need: Need, column: pa.Array) -> InvalidTable:
    """Say that no value of a column's type is one of the need's."""
    value = next((value_of(item) for item in column.slice(0, 1000) if item.is_valid), None)
    first = "" if value is None else f", the first {shown(value)}"
    advice = type_advice(need.kind, column.type, place.library, place.reading.column(need.name))
    return InvalidTable(
        place.table,
        f"column {place.called(need.name)} is {type_name(column.type)}{first}; expected {need.expected} in each row. {advice}",
        field=need.name,
        value=value,
    )


def refused_rows(place: Place, count: int, row: int, names: Sequence[str], value: Any, expected: str) -> InvalidTable:
    """Count the rows that are refused, and show the first."""
    called = " and ".join(place.called(name) for name in names)
    counted = "1 row is refused: it" if count == 1 else f"{count} rows are refused; the first"
    return InvalidTable(
        place.table,
        f"{counted} is row {row}, whose {called} is {shown(value)}; expected {expected}",
        refused=count,
        row=row,
        field=" ".join(names),
        value=value,
    )


def row_advice(place: Place, need: Need, value: Any) -> str:
    """Return what to do about rows with such a value."""
    if need.kind == "time" and isinstance(value, int) and value > 0 and place.reading.unit is None:
        return unit_advice(value)
    if value is None:
        declare = ", or declare the field with optional=True" if need.accept is not None else ""
        return f"Fill them, or leave these rows out{declare}."
    if isinstance(value, float) and math.isnan(value) and need.optional:
        return "NaN is a number, not a missing one: make it null, or leave these rows out."
    if isinstance(value, str) and need.kind in ("number", "boolean"):
        return f"It is a {need.kind} on the device too: write it without quotes, or read the properties into columns and convert them first."
    return "Correct these rows, or leave them out."


def implausible_times(place: Place, value: Any) -> InvalidTable:
    """Say that all times of a table lie outside 1990 to 2200."""
    count = raw_count(value)
    if isinstance(value, int):
        advice = unit_advice(value)
    elif isinstance(value, datetime) and count is not None and is_plausible(count * 1000):
        advice = 'Expected times of 1990 to 2200. It looks like seconds that were read as nanoseconds: pd.to_datetime(…, unit="s").'
    else:
        advice = 'Expected times of 1990 to 2200. Were integers read in a wrong unit? If it is meant, say unit="ms".'
    name = place.called("time")
    return InvalidTable(
        place.table,
        f"every {name} lies outside 1990 to 2200; the first is {shown(value)}. {advice}",
        field="time",
        value=value,
    )


def zones_differ(table: str, zoned: bool, other: str) -> InvalidTable:
    """Say that the times of one table have a zone, those of another none."""
    if table == "time":
        fact, advice = (
            ("has a zone", "datetime without tzinfo") if zoned else ("has no zone", 'pandas.Timestamp(time, tz="UTC")')
        )
        return InvalidTable(
            table,
            f"it {fact}, the times of {other} {'have none' if zoned else 'have one'}; expected the same. Give it as {advice}.",
            field="time",
        )
    here, there = ("have a zone", "have none") if zoned else ("have no zone", "have one")
    advice = (
        'Give both a zone, for instance by .dt.tz_localize("Europe/London") or, in polars, .dt.replace_time_zone("Europe/London"); '
        "or make both UTC without one by .dt.tz_convert(None)."
    )
    return InvalidTable(table, f"its times {here}, those of {other} {there}; expected the same. {advice}", field="time")


def type_name(type: pa.DataType) -> str:
    """Return what a type of Arrow is called by those who don't know it."""
    if is_text(type):
        return "text"
    name = getattr(type, "extension_name", "")
    return f"of the extension type {name}" if name else str(type)


def value_of(item: Any) -> Any:
    """Return a value of a column as Python has it, or as text where Python has none such."""
    if not isinstance(item, pa.Scalar):
        return item
    try:
        return item.as_py()
    except Exception:  # a moment past Python's calendar, bytes that are no text
        return f"a value of {item.type} that Python does not have"
