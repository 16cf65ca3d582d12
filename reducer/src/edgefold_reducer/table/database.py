"""The DuckDB connection that a batch runs in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


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
