"""The DuckDB connection that a batch runs in, and its event tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb

from ..canonical import MAX_SAFE_INTEGER
from ..errors import InvalidTable
from ..event import event_fields
from ..spec import Spec
from .columns import Checked, arithmetic_nodes, check_field, check_time, load_checked
from .source import ROW, Source, open_source
from .sql import identifier


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an in-memory DuckDB that reads no variable of the caller and answers in stable order."""
    connection = duckdb.connect(
        ":memory:", config={"python_enable_replacements": "false", "preserve_insertion_order": "true"}
    )
    try:
        yield connection
    finally:
        connection.close()


def load_events(connection: duckdb.DuckDBPyConnection, spec: Spec, tables: Mapping[str, Any]) -> str:
    """Make the quantised table ``events_<type>`` of each event type; return the kind of their subjects.

    Raises:
        InvalidTable: a table is missing, undeclared, or has rows that the spec refuses.
    """
    for name in tables:
        if name not in spec.events:
            raise InvalidTable(name, f"the spec declares no such event type; expected {', '.join(spec.events)}.")
    kinds: dict[str, str] = {}
    for name in spec.events:
        if name not in tables:
            raise InvalidTable(name, f"it is missing; expected tables={{{name!r}: …}}, one a declared event type.")
        source = open_source(connection, name, tables[name])
        kinds[name] = source.subject_kind()
        _load_events(connection, spec, source)
    if len(set(kinds.values())) > 1:
        raise InvalidTable(name, f"subjects are {kinds}; expected one type in all tables.", field="subject")
    return kinds[name]


def _load_events(connection: duckdb.DuckDBPyConnection, spec: Spec, source: Source) -> None:
    event_type = spec.events[source.table]
    checked = [check_subject(), check_time(source)]
    plain = {ROW: ROW, "subject": "subject"}
    plain["seq"] = "TRY_CAST(seq AS BIGINT)" if "seq" in source.types else f"{ROW} + 1"
    plain["replica"] = "CAST(replica AS VARCHAR)" if "replica" in source.types else "''"
    checked += [check for column, check in _ORDER_CHECKS.items() if column in source.types]
    checked += [
        check_field(source, field, kind, optional=kind.optional)
        for field, kind in sorted(event_fields(event_type).items())
    ]
    arithmetic = arithmetic_nodes(
        [x for node in spec.aggregates.values() if node.event == source.table for x in node.expressions()]
    )
    load_checked(connection, source, f"events_{source.table}", plain, checked, arithmetic)


def check_subject() -> Checked:
    """Return the check that each row has a subject."""
    return Checked("subject", "(subject IS NULL)", "a subject in each row")


_ORDER_CHECKS = {
    "seq": Checked(
        "seq",
        f"(TRY_CAST(seq AS BIGINT) IS NULL OR seq <> TRY_CAST(seq AS BIGINT) OR seq NOT BETWEEN 1 AND {MAX_SAFE_INTEGER})",
        "an integer of 1 .. 2^53 - 1",
    ),
    "replica": Checked(
        "replica",
        "(replica IS NULL OR NOT regexp_full_match(CAST(replica AS VARCHAR), '[A-Za-z0-9_-]{0,64}'))",
        "up to 64 of A-Z, a-z, 0-9, _ and -",
    ),
}


def events_table(event: str) -> str:
    """Return the SQL name of an event type's quantised table."""
    return identifier(f"events_{event}")
