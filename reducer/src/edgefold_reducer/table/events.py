"""The caller's tables of events as tables of exact columns in DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ..errors import InvalidSpec, InvalidTable
from ..event import event_fields
from ..spec import Spec
from .given import open_given
from .load import Loaded, Loading, add_pieces, arithmetic_of_event, events_table
from .long import load_long
from .lookup import ORDER_COLUMNS, check_columns, check_names, column_of, order_needs
from .names import listed
from .need import Need, field_need, subject_need, time_need
from .refusal import Place, near_hint, zones_differ
from .source import LongTable, Reading, Source


def load_events(connection: duckdb.DuckDBPyConnection, spec: Spec, tables: Any, defaults: Reading) -> Loaded:
    """Make the exact table of each event type; return what ``rows`` must agree with.

    Raises:
        InvalidTable: a table is missing, undeclared, or has columns or rows that the spec refuses.
    """
    if not isinstance(spec, Spec):
        raise InvalidSpec("the spec", spec, "a Spec, such as Spec.from_json(text) gives")
    check_columns(spec, defaults)
    if isinstance(tables, LongTable):
        return agreed(load_long(connection, spec, list(spec.events), tables, defaults), "the events")
    loaded: list[Loaded] = []
    for event, given in _by_event(spec, tables).items():
        if isinstance(given, LongTable):
            loaded += load_long(connection, spec, [event], given, defaults)
        else:
            loaded.append(_load_table(connection, spec, event, given, defaults))
    return agreed(loaded, "the events")


def agreed(loaded: Sequence[Loaded], together: str) -> Loaded:
    """Return what tables agree in, as those of one that is called ``together``.

    Raises:
        InvalidTable: subjects of two kinds, or times with and without a zone.
    """
    subjects = next((one for one in loaded if one.subjects is not None), loaded[0])
    zoned = next((one for one in loaded if one.zoned is not None), loaded[0])
    for one in loaded:
        if one.subjects not in (None, subjects.subjects):
            raise InvalidTable(
                one.table,
                f"its subjects are {one.subjects}s, those of {subjects.table} {subjects.subjects}s; expected one type in all. "
                'Make them one, for instance by .astype("int64") or .astype(str).',
                field="subject",
            )
        if one.zoned is not None and one.zoned != zoned.zoned:
            raise zones_differ(one.table, one.zoned, zoned.table)
    return Loaded(together, subjects.subjects, zoned.zoned)


def _load_table(connection: duckdb.DuckDBPyConnection, spec: Spec, event: str, given: Any, defaults: Reading) -> Loaded:
    read = given if isinstance(given, Source) else Source(given, Reading())
    opened = open_given(event, read.given)
    place = Place(event, opened.library, read.reading.over(defaults))
    fields = event_fields(spec.events[event])
    check_names(place, ["subject", "time", *ORDER_COLUMNS, *fields], defaults.columns)
    needs = [subject_need(), time_need(place.reading.unit)]
    for need in needs:
        column_of(place, need.name, opened.names)
    needs += order_needs(place, opened.names)
    absent: list[Need] = []
    for name, field in sorted(fields.items()):
        need = field_need(name, field, optional=field.optional)
        (absent if column_of(place, name, opened.names, optional=field.optional) is None else needs).append(need)
    loading = Loading(connection, events_table(spec, event), place, needs, absent, in_order=True)
    add_pieces(loading, opened, place, needs)
    return loading.finish(arithmetic_of_event(spec, event))


def _by_event(spec: Spec, tables: Any) -> dict[str, Any]:
    if not isinstance(tables, Mapping):
        raise InvalidTable(
            "tables",
            f"it is {type(tables).__name__}; expected a mapping from each event type to its table, {{{next(iter(spec.events))!r}: …}}, or ef.long_table(…).",
        )
    for name in tables:
        if name not in spec.events:
            known = list(spec.events)
            hint = near_hint(str(name), known)
            raise InvalidTable(str(name), f"the spec declares no such event type; expected {listed(known)}.{hint}")
    for name in spec.events:
        if name not in tables:
            raise InvalidTable(
                name, f"it is missing; expected tables={{{name!r}: …}}, one for each declared event type."
            )
    return {name: tables[name] for name in spec.events}
