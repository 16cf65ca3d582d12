"""Training rows: what the device would have computed at each row's time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from ..errors import InvalidTable
from ..node import AggregateNode
from ..spec import Spec
from .database import database
from .events import agreed, load_events
from .given import Given, at_the_door, of_arrow, open_given
from .load import Loaded, Loading, add_pieces, events_table
from .lookup import check_names, column_of
from .need import Need, field_need, subject_need, time_need
from .progress import Progress
from .readout import read_columns
from .refusal import Place
from .source import LongTable, Reading, Source, reading
from .sql import attribute_column, identifier
from .states import filtered, selection_sql, state_columns

ROWS_A_CHUNK = 65_536
"""Rows joined to their history at a time: it bounds memory, and is a step of progress."""


def training_frame(
    spec: Spec,
    tables: Mapping[str, Any] | LongTable,
    rows: Any,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    progress: bool | None = None,
) -> pa.Table:
    """Return ``rows`` with the spec's features at each row's time, computed in DuckDB.

    Equal bit for bit to ``features(spec, fold(spec, …), time)`` over the subject's events with ``time`` before the row's.

    Args:
        tables: from each event type to its table: Arrow, pandas, polars, DuckDB, a pyarrow Dataset or a Parquet path; columns ``subject``,
            ``time`` (a timestamp, a date, or an integer), one for each field, and perhaps ``seq`` (else the order of the rows breaks ties)
            and ``replica``. ``source`` says how to read one that is otherwise; ``long_table`` is one for many types.
        rows: likewise, with ``subject``, ``time`` and a column for each attribute; all its columns are kept as they are, such as labels.
        columns: from such a name to the column that holds it, in every table: ``{"subject": "customer_id", "time": "ts"}``.
        unit: of integer times, ``"s"``, ``"ms"`` (the default), ``"us"`` or ``"ns"``. Without it, times that all lie outside 1990 to 2200
            are refused.
        progress: whether to say on stderr how far it is; by default where that is a terminal.

    Returns:
        The columns of ``rows``, then ``spec.columns``: double (NaN where missing) or string (null where missing), in the order of ``rows``.

    Raises:
        InvalidTable: a table or column is missing or of a wrong type, or rows are refused; it counts them and shows the first.
    """
    bar = Progress("training_frame", progress)
    defaults = reading(columns, unit)
    with at_the_door(), database() as connection:
        bar.at(0, 1, "reading events")
        events = load_events(connection, spec, tables, defaults)
        given, place = _open_rows(rows, defaults)
        whole = given.whole()
        unchanged = given if given.library == "pandas" else of_arrow("rows", whole, given.library)
        agreed([events, _load_rows(connection, spec, unchanged, place, defaults)], "rows")
        kept = _without_features(spec, whole, place)
        chunks = range(0, max(whole.num_rows, 1), ROWS_A_CHUNK)
        parts = []
        for step, start in enumerate(chunks):
            bar.at(step, len(chunks), f"rows {start:,} of {whole.num_rows:,}")
            parts.append(_chunk(connection, spec, start))
        bar.at(len(chunks), len(chunks), f"{whole.num_rows:,} rows")
    features = pa.concat_tables(parts)
    for name in features.column_names:
        kept = kept.append_column(name, features[name])
    return kept


def _open_rows(rows: Any, defaults: Reading) -> tuple[Given, Place]:
    read = rows if isinstance(rows, Source) else Source(rows, Reading())
    given = open_given("rows", read.given)
    return given, Place("rows", given.library, read.reading.over(defaults))


def _load_rows(
    connection: duckdb.DuckDBPyConnection, spec: Spec, given: Given, place: Place, defaults: Reading
) -> Loaded:
    check_names(place, ["subject", "time", *spec.attributes], defaults.columns)
    needs = [subject_need(), time_need(place.reading.unit)]
    absent: list[Need] = []
    for need in needs:
        column_of(place, need.name, given.names)
    for name, field in spec.attributes.items():
        need = field_need(name, field, optional=True, kept_as=attribute_column(name))
        (absent if column_of(place, name, given.names, optional=True) is None else needs).append(need)
    loading = Loading(connection, "row_times", place, needs, absent)
    add_pieces(loading, given, place, needs)
    return loading.finish()


def _without_features(spec: Spec, whole: pa.Table, place: Place) -> pa.Table:
    """Return the caller's columns, without attributes whose own name the feature that reads them has.

    Raises:
        InvalidTable: another column has a feature's name.
    """
    features = [column.name for column in spec.columns]
    taken = [name for name in dict.fromkeys(whole.column_names) if name in features]
    for name in taken:
        if name not in spec.attributes or place.reading.column(name) != name:
            raise InvalidTable(
                "rows",
                f"column {name} has the name of a feature; expected other names than {name}. Rename it, or leave it out: "
                "features are computed here.",
                field=name,
            )
    return whole.drop_columns(taken) if taken else whole


def _chunk(connection: duckdb.DuckDBPyConnection, spec: Spec, start: int) -> pa.Table:
    """Return the features of one chunk of rows."""
    windows = sorted(
        {(n.window_ms, n.hop_ms) for n in spec.aggregates.values() if n.window_ms is not None and n.hop_ms is not None}
    )
    starts = [f"(r.time - {w}) - (((r.time - {w}) % {h}) + {h}) % {h} AS {_start(w, h)}" for w, h in windows]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE chunk AS SELECT {', '.join(['r.*', *starts])} FROM row_times r "
        f"WHERE r.row >= {start} AND r.row < {start + ROWS_A_CHUNK}"
    )
    joins, selected = [], [f"r.{identifier(attribute_column(name))}" for name in spec.attributes]
    for index, event in enumerate(spec.events):
        nodes = [node for node in spec.aggregates.values() if node.event == event]
        if nodes:
            joins.append(f"LEFT JOIN ({states_query(spec, event, nodes)}) s{index} ON s{index}.row = r.row")
            selected += [f"s{index}.{identifier(name)}" for node in nodes for name in _named(node)]
    query = f"SELECT {', '.join(['r.time', *selected])} FROM chunk r {' '.join(joins)} ORDER BY r.row"
    states = connection.sql(query).to_arrow_table()
    now_ms = states["time"].to_numpy().astype(np.int64)
    return pa.table(read_columns(spec, {name: states[name] for name in states.column_names[1:]}, now_ms))


def states_query(spec: Spec, event: str, nodes: list[AggregateNode]) -> str:
    """Return the SQL of the states at each row of ``chunk`` of the aggregates over one event type."""
    columns = [f"{sql} AS {identifier(name)}" for node in nodes for name, sql in _named(node).items()]
    return (
        f"SELECT r.row, {', '.join(columns)} FROM chunk r JOIN {events_table(spec, event)} e "
        f"ON e.subject = r.subject AND e.time < r.time GROUP BY r.row"
    )


def _named(node: AggregateNode) -> dict[str, str]:
    conditions = selection_sql(node)
    if node.window_ms is not None and node.hop_ms is not None:
        conditions.append(f"e.time >= r.{_start(node.window_ms, node.hop_ms)}")
    return {
        f"{node.hash}_{name}": filtered(aggregate, [*conditions, *([further] if further else [])])
        for name, (aggregate, further) in state_columns(node).items()
    }


def _start(window_ms: int, hop_ms: int) -> str:
    return f"start_{window_ms}_{hop_ms}"
