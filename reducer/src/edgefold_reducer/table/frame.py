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
from .columns import check_field, check_time, load_checked
from .database import check_subject, database, events_table, load_events
from .progress import Progress
from .readout import read_columns
from .source import ROW, Source, open_source
from .sql import field_column, identifier
from .states import filtered, selection_sql, state_columns

ROWS_A_CHUNK = 65_536
"""Rows joined to their history at a time: it bounds memory, and is a step of progress."""


def training_frame(spec: Spec, tables: Mapping[str, Any], rows: Any, *, progress: bool | None = None) -> pa.Table:
    """Return ``rows`` with the spec's features at each row's time, computed in DuckDB.

    Equal bit for bit to ``features(spec, fold(spec, …), time)`` over the subject's events with ``time`` before the row's.

    Args:
        tables: from each event type to its table: Arrow, pandas, polars, or a Parquet path; columns ``subject``, ``time`` (a timestamp, or
            integer ms), one a field, and perhaps ``seq`` (else the order of the rows breaks ties) and ``replica``.
        rows: likewise, with ``subject``, ``time`` and a column an attribute; further columns, such as labels, are kept.
        progress: whether to say on stderr how far it is; by default where that is a terminal.

    Returns:
        The columns of ``rows``, then ``spec.columns``: double (NaN where missing) or string (null where missing), in the order of ``rows``.

    Raises:
        InvalidTable: a table or column is missing or of a wrong type, or rows are refused; it counts them and shows the first.
    """
    bar = Progress("training_frame", progress)
    with database() as connection:
        bar.at(0, 1, "reading events")
        kind = load_events(connection, spec, tables)
        source = open_source(connection, "rows", rows)
        if source.subject_kind() != kind:
            raise InvalidTable(
                "rows", f"subjects are {source.subject_kind()}s; expected {kind}s, as in the events.", field="subject"
            )
        _load_rows(connection, spec, source)
        given = connection.sql(
            f"SELECT * EXCLUDE ({ROW}) FROM {identifier(source.view)} ORDER BY {ROW}"
        ).to_arrow_table()
        taken = [column.name for column in spec.columns if column.name in given.column_names]
        unkept = set(taken) - spec.attributes.keys()
        if unkept:
            raise InvalidTable(
                "rows", f"columns {', '.join(sorted(unkept))} are named as features; rename them.", field=taken[0]
            )
        chunks = range(0, max(given.num_rows, 1), ROWS_A_CHUNK)
        parts = []
        for step, start in enumerate(chunks):
            bar.at(step, len(chunks), f"rows {start:,} of {given.num_rows:,}")
            parts.append(_chunk(connection, spec, start))
        bar.at(len(chunks), len(chunks), f"{given.num_rows:,} rows")
    features = pa.concat_tables(parts)
    for name in taken:  # an attribute and the feature that reads it may share a name: the feature stands
        given = given.drop_columns([name])
    for name in features.column_names:
        given = given.append_column(name, features[name])
    return given


def _load_rows(connection: duckdb.DuckDBPyConnection, spec: Spec, source: Source) -> None:
    checked = [check_subject(), check_time(source)]
    checked += [check_field(source, name, field, optional=True) for name, field in spec.attributes.items()]
    for name in spec.attributes:
        source.require(name)
    load_checked(connection, source, "row_times", {ROW: ROW, "subject": "subject"}, checked, [])


def _chunk(connection: duckdb.DuckDBPyConnection, spec: Spec, start: int) -> pa.Table:
    """Return the features of one chunk of rows."""
    windows = sorted(
        {(n.window_ms, n.hop_ms) for n in spec.aggregates.values() if n.window_ms is not None and n.hop_ms is not None}
    )
    starts = [f"(time - {w}) - (((time - {w}) % {h}) + {h}) % {h} AS {_start(w, h)}" for w, h in windows]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE chunk AS SELECT {', '.join(['*', *starts])} FROM row_times "
        f"WHERE {ROW} >= {start} AND {ROW} < {start + ROWS_A_CHUNK}"
    )
    joins, selected = (
        [],
        [f"r.{identifier(field_column(name))} AS {identifier(f'a_{name}')}" for name in spec.attributes],
    )
    for index, event in enumerate(spec.events):
        nodes = [node for node in spec.aggregates.values() if node.event == event]
        if nodes:
            joins.append(f"LEFT JOIN ({states_query(event, nodes)}) s{index} ON s{index}.{ROW} = r.{ROW}")
            selected += [f"s{index}.{identifier(name)}" for node in nodes for name in _named(node)]
    query = f"SELECT {', '.join(['r.time', *selected])} FROM chunk r {' '.join(joins)} ORDER BY r.{ROW}"
    states = connection.sql(query).to_arrow_table()
    now_ms = states["time"].to_numpy().astype(np.int64)
    return pa.table(read_columns(spec, {name: states[name] for name in states.column_names[1:]}, now_ms))


def states_query(event: str, nodes: list[AggregateNode]) -> str:
    """Return the SQL of the states at each row of ``chunk`` of the aggregates over one event type."""
    columns = [f"{sql} AS {identifier(name)}" for node in nodes for name, sql in _named(node).items()]
    return (
        f"SELECT r.{ROW}, {', '.join(columns)} FROM chunk r JOIN {events_table(event)} e "
        f"ON e.subject = r.subject AND e.time < r.time GROUP BY r.{ROW}"
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
