"""One table of events of many types, as Segment, Amplitude and BigQuery export it, as one table for each type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..canonical import parse_json
from ..errors import InvalidTable
from ..event import event_fields
from ..spec import Spec
from .convert import decode, is_text
from .given import open_given
from .load import Column, Loaded, Loading, Mask, arithmetic_of_event, events_table, one_array
from .lookup import ORDER_COLUMNS, check_names, column_of, order_needs
from .names import listed, near
from .need import Need, field_need, subject_need, time_need
from .refusal import Place, missing_column
from .source import LongTable, Reading

PROPERTIES = Need(
    "properties",
    "",
    "text",
    "a JSON object with each member once",
    pa.string(),
    lambda kind: bool(is_text(kind) or pa.types.is_nested(kind) or getattr(kind, "extension_name", "") == "arrow.json"),
    lambda array: (array, np.zeros(len(array), np.bool_)),
    optional=True,
)


def load_long(
    connection: duckdb.DuckDBPyConnection, spec: Spec, events: Sequence[str], long: LongTable, defaults: Reading
) -> list[Loaded]:
    """Make the exact table of each of these event types.

    Raises:
        InvalidTable: as ``load_events``; or no row is of a type, or has a property, that is not named as missing.
    """
    opened = open_given("events", long.given)
    hint = "" if long.properties else 'If a column holds the fields, say properties="…".'
    place = Place("events", opened.library, long.reading.over(defaults), "ef.long_table", hint)
    fields = {field for event in events for field in event_fields(spec.events[event])}
    full = [f"{event}.{field}" for event in events for field in event_fields(spec.events[event])]
    check_names(place, ["subject", "time", *ORDER_COLUMNS, *sorted(fields), *events, *full], defaults.columns)
    for name in long.events:
        if name not in spec.events:
            raise InvalidTable("events", f"events= names {name}; expected an event type of {listed([*spec.events])}.")
    parts = {event: _Part(connection, spec, event, long, place, opened.names) for event in events}
    columns = dict.fromkeys([long.type, *(column for part in parts.values() for column in part.columns.values())])
    for argument, column in (("type", long.type), ("properties", long.properties)):
        if column is not None and opened.names.count(column) != 1:
            raise InvalidTable(
                "events",
                f"column {column} is missing or there twice; expected it once beside {listed(opened.names)}. "
                f"Say {argument}= for the column that holds the {argument}.",
                field=column,
            )
    types: Counter[str] = Counter()
    start = 0
    for piece in opened.pieces(list(columns)):
        given = {name: decode(one_array(piece[name])) for name in columns}
        names = _type_names(long, given[long.type])
        types.update({pair["values"]: pair["counts"] for pair in names.value_counts().to_pylist()})
        for part in parts.values():
            part.add(given, pc.equal(names, long.events.get(part.event, part.event)).fill_null(False), start)
        start += piece.num_rows
    return [part.finish(types) for part in parts.values()]


class _Part:
    """The rows of one event type in a long table."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        spec: Spec,
        event: str,
        long: LongTable,
        place: Place,
        there: Sequence[str],
    ) -> None:
        self.event, self._long, self._place = event, long, replace(place, table=event)
        self._arithmetic = arithmetic_of_event(spec, event)
        own = [subject_need(), time_need(place.reading.unit)]
        for need in own:
            column_of(self._place, need.name, there)
        own += order_needs(self._place, there)
        fields = {
            name: field_need(name, field, optional=field.optional)
            for name, field in sorted(event_fields(spec.events[event]).items())
        }
        self._absent: list[Need] = []
        self._members: list[Need] = []
        for name, need in fields.items():
            if long.properties is not None:
                self._members.append(need)
            elif column_of(self._place, name, there, optional=need.optional) is None:
                self._absent.append(need)
            else:
                own.append(need)
        self._own = own
        self.columns = {need.name: place.reading.column(need.name) for need in own}
        if long.properties is not None:
            self.columns["properties"] = long.properties
        self._seen: set[str] = set()
        self._readable = False
        needs = [*own, *self._members]
        self._loading = Loading(connection, events_table(spec, event), self._place, needs, self._absent, in_order=True)

    def add(self, given: Mapping[str, pa.Array], mask: pa.Array, start: int) -> None:
        """Load the rows of a piece that are of this type."""
        rows = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
        columns: dict[str, Column] = {name: given[column].filter(mask) for name, column in self.columns.items()}
        refused: list[tuple[Need, Mask]] = []
        if self._long.properties is not None:
            objects = _objects(self._place, columns["properties"])
            refused = [(PROPERTIES, np.array([item is None for item in objects], np.bool_))]
            for item in objects:
                self._seen.update(item or ())
                self._readable = self._readable or item is not None
            for need in self._members:
                name = self._place.reading.column(need.name)
                columns[need.name] = [(item or {}).get(name) for item in objects]
        self._loading.add(columns, rows + start, refused)

    def finish(self, types: Mapping[str, int]) -> Loaded:
        """Check what only the whole table shows: which types and which properties it has at all."""
        called = self._long.events.get(self.event, self.event)
        missing = self._place.reading.missing
        if called not in types and self.event not in missing and types:
            there = [name for name, _ in sorted(types.items(), key=lambda pair: -pair[1]) if name is not None]
            close = near(called, there)
            example = close or "…"
            raise InvalidTable(
                self.event,
                f"no row has {called} as its {self._long.type}; expected one of {listed(there)}. If it has another name, say "
                f'events={{"{self.event}": "{example}"}}; if there are none, missing=["{self.event}"].',
                field=self._long.type,
            )
        if called in types and self._readable:
            for need in self._members:
                self._check_seen(need)
        return self._loading.finish(self._arithmetic)

    def _check_seen(self, need: Need) -> None:
        """Refuse a property that no row has, unless it is named as missing; and one that is named so and there."""
        named = {need.name, f"{self.event}.{need.name}"} & self._place.reading.missing
        seen = self._place.reading.column(need.name) in self._seen
        if named and seen:
            raise InvalidTable(
                self.event,
                f"missing= names {need.name}; expected one that no {self.event} has. Take it out of missing=, or name the "
                f'event type too: missing=["{self.event}.…"].',
                field=need.name,
            )
        if not seen and not (named and need.optional):
            raise missing_column(self._place, need.name, sorted(self._seen), optional=need.optional, kind="property")


def _type_names(long: LongTable, column: pa.Array) -> pa.Array:
    names = decode(column)
    if not (is_text(names.type) or pa.types.is_null(names.type)):
        raise InvalidTable(
            "events",
            f"column {long.type} is {names.type}; expected the name of each row's event type. Say type= for another column.",
            field=long.type,
        )
    return names.cast(pa.string())


def _objects(place: Place, column: Column) -> list[Mapping[str, Any] | None]:
    """Return each row's properties; None where they are no JSON object."""
    assert isinstance(column, pa.Array)
    values = decode(column)
    if not PROPERTIES.takes_type(values.type):
        raise InvalidTable(
            place.table,
            f"column {place.reading.column('properties')} is {values.type}; expected JSON objects as text, structs, maps, "
            "or lists of key and value. Say properties= for another column.",
            field="properties",
        )
    return [_object(value) for value in values.to_pylist()]


def _object(value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, list):  # a map, or BigQuery's repeated {key, value: {string_value, int_value, …}}
        return _pairs(value)
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else None


def _pairs(items: Iterable[Any]) -> Mapping[str, Any] | None:
    found: dict[str, Any] = {}
    for item in items:
        if isinstance(item, tuple) and len(item) == 2:
            name, value = item
        elif isinstance(item, dict) and item.keys() == {"key", "value"}:
            name, value = item["key"], item["value"]
        else:
            return None
        if isinstance(value, dict):
            value = next((member for member in value.values() if member is not None), None)
        if name in found:
            return None
        found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
