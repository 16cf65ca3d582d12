"""How a table of the caller's is read: which columns, in which unit of time, and what it lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InvalidTable, shown
from .times import UNITS


@dataclass(frozen=True)
class Reading:
    """Where a table has what: ``columns`` is from a name that the spec uses to the column's."""

    columns: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    missing: frozenset[str] = frozenset()

    def over(self, defaults: Reading) -> Reading:
        """Return this reading, with what it leaves open from ``defaults``."""
        return replace(self, columns={**defaults.columns, **self.columns}, unit=self.unit or defaults.unit)

    def column(self, name: str) -> str:
        """Return the column that holds ``name``."""
        return self.columns.get(name, name)


@dataclass(frozen=True)
class Source:
    """A table and how to read it, as ``source`` gives."""

    given: Any = field(repr=False)
    reading: Reading


@dataclass(frozen=True)
class LongTable:
    """A table of events of many types and how to read it, as ``long_table`` gives."""

    given: Any = field(repr=False)
    reading: Reading
    type: str
    properties: str | None
    events: Mapping[str, str]
    """From an event type to what the table calls it, where that is another name."""


def source(
    given: Any, *, columns: Mapping[str, str] | None = None, unit: str | None = None, missing: Collection[str] = ()
) -> Source:
    """Return a table with how to read it, for ``tables`` or ``rows`` of ``training_frame``.

    Args:
        given: a table, as ``training_frame`` takes.
        columns: from ``subject``, ``time``, ``seq``, ``replica``, a field or an attribute to the column that holds it.
        unit: of integer times: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``; it also says that times before 1990 are meant so.
        missing: the optional fields (or attributes) that the table does not have.

    Raises:
        InvalidTable: an argument is of a wrong type.
    """
    return Source(given, reading(columns, unit, missing))


def long_table(
    given: Any,
    *,
    type: str = "type",
    properties: str | None = None,
    events: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    missing: Collection[str] = (),
) -> LongTable:
    """Return one table that holds events of many types, for ``tables`` of ``training_frame``: what Segment, Amplitude and BigQuery export.

    Args:
        given: a table, as ``training_frame`` takes.
        type: the column that names each row's event type; rows of types that the spec does not have are left out.
        properties: the column that holds the fields: JSON objects, structs, maps, or BigQuery's list of key and value. None: a column each.
        events: from an event type of the spec to its name in the table, such as ``{"order": "Order Completed"}``.
        columns: as of ``source``; for a field, its name in the properties.
        unit: as of ``source``.
        missing: the event types and the optional fields that the table does not have.

    Raises:
        InvalidTable: an argument is of a wrong type.
    """
    for name, value in {"type": type, "properties": properties}.items():
        if not isinstance(value, str) and not (name == "properties" and value is None):
            raise InvalidTable("tables", f"{name}= is {shown(value)}; expected the name of a column.")
    return LongTable(given, reading(columns, unit, missing), type, properties, _names("events", events))


def reading(columns: Mapping[str, str] | None, unit: str | None, missing: Collection[str] = ()) -> Reading:
    """Return checked arguments as a Reading, else raise InvalidTable."""
    if unit is not None and not (isinstance(unit, str) and unit in UNITS):
        units = ", ".join(f'"{name}"' for name in UNITS)
        raise InvalidTable("tables", f"unit= is {shown(unit)}; expected one of {units}.")
    names = [missing] if isinstance(missing, str) else missing
    if not isinstance(names, Collection) or not all(isinstance(name, str) for name in names):
        raise InvalidTable("tables", f"missing= is {shown(missing)}; expected names of optional fields.")
    return Reading(_names("columns", columns), unit, frozenset(names))


def _names(argument: str, value: Any) -> Mapping[str, str]:
    given = {} if value is None else value
    if not isinstance(given, Mapping) or not all(isinstance(part, str) for pair in given.items() for part in pair):
        expected = 'names, such as {"subject": "customer_id"}' if argument == "columns" else "names"
        raise InvalidTable("tables", f"{argument}= is {shown(value)}; expected a mapping of names to {expected}.")
    return dict(given)
