"""Tables from outside: Arrow, pandas, polars or Parquet, as one DuckDB view with a row number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ..errors import InvalidTable
from .sql import identifier, literal

ROW = "__row"
SUBJECT_TYPES = {
    "VARCHAR": "string",
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), "integer"
    ),
}


@dataclass(frozen=True)
class Source:
    """A view over a table: its name in DuckDB and each column's DuckDB type. ``__row`` counts its rows from 0."""

    table: str
    """What messages call it."""
    view: str
    types: Mapping[str, str]

    def require(self, column: str) -> str:
        """Return the type of a column, else raise InvalidTable."""
        if column not in self.types:
            there = ", ".join(name for name in self.types if name != ROW)
            raise InvalidTable(self.table, f"column {column} is missing; expected it beside {there}.", field=column)
        return self.types[column]

    def subject_kind(self) -> str:
        """Return "string" or "integer", else raise InvalidTable."""
        kind = SUBJECT_TYPES.get(self.require("subject"))
        if kind is None:
            found = self.types["subject"]
            raise InvalidTable(self.table, f"subject is {found}; expected strings or integers.", field="subject")
        return kind


def open_source(connection: duckdb.DuckDBPyConnection, table: str, given: Any) -> Source:
    """Make a view of a table: anything with ``__arrow_c_stream__`` (Arrow, pandas, polars), or a Parquet path.

    Raises:
        InvalidTable: it is neither.
    """
    view = f"source_{table}"
    if isinstance(given, str | Path):
        try:
            scan = f"read_parquet({literal(str(given))})"
            connection.execute(
                f"CREATE TEMP VIEW {identifier(view)} AS SELECT *, row_number() OVER () - 1 AS {ROW} FROM {scan}"
            )
        except duckdb.Error as error:
            raise InvalidTable(table, f"{given!s} can't be read as Parquet ({error}).") from error
    else:
        arrow = as_arrow(table, given)
        rows = pa.array(range(arrow.num_rows), pa.int64())
        connection.register(f"{view}_arrow", arrow.append_column(ROW, rows))
        connection.execute(f"CREATE TEMP VIEW {identifier(view)} AS SELECT * FROM {identifier(view + '_arrow')}")
    described = connection.execute(f"DESCRIBE {identifier(view)}").fetchall()
    types = {name: "VARCHAR" if kind.startswith("ENUM(") else kind for name, kind, *_ in described}
    return Source(table, view, types)


def as_arrow(table: str, given: Any) -> pa.Table:
    """Return a table as Arrow. pandas writes a missing number as NaN; Arrow's reading of it makes that null."""
    if isinstance(given, pa.Table):
        return given
    if hasattr(given, "__arrow_c_stream__"):
        arrow: pa.Table = pa.table(given)
        return arrow
    raise InvalidTable(
        table, f"it is {type(given).__name__}; expected an Arrow, pandas or polars table, or a Parquet path."
    )
