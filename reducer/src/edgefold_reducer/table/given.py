"""Tables from outside as Arrow: pandas, polars, DuckDB, Arrow's own, or Parquet by path. Here other libraries' errors end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from ..errors import InvalidTable
from .pandas_given import as_arrow_column, as_arrow_table, pandas_names

ROWS_AT_A_TIME = 262_144
MAX_CAUSE_CHARACTERS = 200
TAKEN = "an Arrow, pandas, polars or DuckDB table, a pyarrow Dataset, or the path of Parquet files"


@dataclass(frozen=True)
class Given:
    """A table of the caller's: its columns' names, and ``read``, which gives some of them (None: all) in pieces."""

    table: str
    """What messages call it."""
    library: str
    """For advice: pandas, polars or another."""
    names: Sequence[str]
    read: Callable[[Sequence[str] | None], Iterator[pa.Table]]

    def whole(self) -> pa.Table:
        """Return all columns of all rows, as the caller has them."""
        return pa.concat_tables(list(self.read(None)))

    def pieces(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield these columns, at least once, each piece with some rows."""
        for part in self.read(list(dict.fromkeys(columns))):
            for start in range(0, max(part.num_rows, 1), ROWS_AT_A_TIME):
                yield part.slice(start, ROWS_AT_A_TIME)


def open_given(table: str, given: Any) -> Given:
    """Return a table from outside.

    Raises:
        InvalidTable: it is none, or can't be read.
    """
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    with readable(table):
        if pandas is not None and isinstance(given, pandas.DataFrame):
            return _of_pandas(table, given)
        if polars is not None and isinstance(given, polars.DataFrame | polars.LazyFrame):
            return _of_polars(table, given)
        if isinstance(given, str | Path):
            return _of_path(table, str(given))
        if isinstance(given, ds.Dataset):
            return _of_dataset(table, given)
        if hasattr(given, "__arrow_c_stream__") and not _is_column(given):
            return of_arrow(table, pa.table(given))
    raise InvalidTable(
        table, f"it is {type(given).__name__}; expected {TAKEN}. Make it one, for instance by pandas.DataFrame(…)."
    )


def of_arrow(table: str, arrow: pa.Table, library: str = "arrow") -> Given:
    """Return an Arrow table as one from outside."""
    return Given(table, library, arrow.column_names, lambda columns: iter([_selected(arrow, columns)]))


def cause_of(error: Exception) -> str:
    """Return another library's message, on one line and not too long."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return text if len(text) <= MAX_CAUSE_CHARACTERS else f"{text[:MAX_CAUSE_CHARACTERS]}…"


@contextmanager
def at_the_door() -> Iterator[None]:
    """Turn what DuckDB or Arrow raises over the caller's tables into InvalidTable: nothing else leaves a public function."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        raise InvalidTable(
            "of events or rows",
            f"it can't be computed with ({cause_of(error)}); expected {TAKEN}. Try a few rows of each table.",
        ) from error


@contextmanager
def readable(table: str, what: str = "it") -> Iterator[None]:
    """Turn whatever another library raises while it reads a caller's table into InvalidTable."""
    try:
        yield
    except InvalidTable:
        raise
    except Exception as error:  # any library may be behind a table, each with exceptions of its own
        raise InvalidTable(
            table, f"{what} can't be read ({cause_of(error)}); expected {TAKEN}. Try to open it by itself first."
        ) from error


def _selected(arrow: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    return arrow if columns is None else arrow.select(list(columns))


def _is_column(given: Any) -> bool:
    """Whether it is one column, such as a polars Series or a ChunkedArray."""
    return isinstance(given, pa.ChunkedArray) or type(given).__name__ == "Series"


def _of_pandas(table: str, frame: Any) -> Given:
    names = pandas_names(frame)

    def read(columns: Sequence[str] | None) -> Iterator[pa.Table]:
        if columns is None:
            yield as_arrow_table(table, frame)
        else:
            read_columns = [as_arrow_column(table, frame, name) for name in columns]
            yield pa.table(read_columns, list(columns)) if columns else pa.table({})

    return Given(table, "pandas", names, read)


def _of_polars(table: str, frame: Any) -> Given:
    lazy = frame.lazy()
    schema = dict(lazy.collect_schema())

    def read(columns: Sequence[str] | None) -> Iterator[pa.Table]:
        for name in schema if columns is None else columns:
            kind = str(schema[name])
            if kind in ("Object", "Int128", "UInt128", "Unknown"):  # Arrow would read addresses, or nothing
                raise InvalidTable(
                    table,
                    f"column {name} is {kind}, which Arrow does not have; expected another type. "
                    f'Cast it, for instance by pl.col("{name}").cast(pl.Int64), or leave it out.',
                    field=name,
                )
        with readable(table):
            chosen = lazy if columns is None else lazy.select(list(columns))
            arrow = chosen.collect().to_arrow()
        yield arrow

    return Given(table, "polars", list(schema), read)


def _of_path(table: str, path: str) -> Given:
    """Return Parquet: a file, a folder of them, or a pattern. A partition's name in the path fills no column."""
    files: Any = path
    if not Path(path).exists() and any(character in path for character in "*?["):
        files = sorted(glob(path, recursive=True))  # noqa: PTH207  # Path's own takes no absolute pattern
        if not files:
            raise InvalidTable(table, f"no file is like {path}; expected Parquet files there.", value=path)
    try:
        dataset = ds.dataset(files, format="parquet", partitioning=None)
        parts = list(dataset.get_fragments())
        schemas = [(part.path, part.physical_schema.names) for part in parts]
    except FileNotFoundError as error:
        raise InvalidTable(
            table, f"there is no file {path}; expected {TAKEN}. Correct the path.", value=path
        ) from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InvalidTable(
            table,
            f"{path} can't be read as Parquet ({cause_of(error)}); expected {TAKEN}. "
            "Read other formats first, for instance by pandas.read_csv.",
            value=path,
        ) from error
    given = _of_dataset(table, dataset)

    def read(columns: Sequence[str] | None) -> Iterator[pa.Table]:
        for part, names in schemas:  # else a column that one file lacks is missing in its rows without a word
            lacking = [name for name in columns or given.names if name not in names]
            if lacking:
                raise InvalidTable(
                    table,
                    f"column {lacking[0]} is missing in {part}; expected the same columns in all files.",
                    field=lacking[0],
                )
        yield from given.read(columns)

    return Given(table, "arrow", given.names, read)


def _of_dataset(table: str, dataset: Any) -> Given:
    def read(columns: Sequence[str] | None) -> Iterator[pa.Table]:
        some = False
        schema = dataset.schema if columns is None else pa.schema([dataset.schema.field(name) for name in columns])
        with readable(table):
            for batch in dataset.to_batches(columns=columns, batch_size=ROWS_AT_A_TIME):
                some = True
                yield pa.Table.from_batches([batch])
        if not some:
            yield schema.empty_table()

    return Given(table, "arrow", dataset.schema.names, read)
