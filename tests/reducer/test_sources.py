"""The table of sources times types: the right value, or InvalidTable with table, column, value, what was expected and what to do; nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import edgefold_reducer as ef
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from .fuzz_tables import one_database
from .table_values import ARROW, DUCKDB, NOON_MS, PANDAS, POLARS, REFUSED, Values

order = ef.event(
    "order",
    amount=ef.decimal(2),
    whole=ef.integer(optional=True),
    gift=ef.boolean(optional=True),
    genre=ef.enum("rock", "jazz", optional=True),
    note=ef.string(4, optional=True),
)
SPEC = ef.Spec(
    "sources",
    events=[order],
    features={
        "n": ef.count(order),
        "first": ef.time_since_first(order, unit=ef.hours(1)),
        **{name: ef.last(order[name]) for name in ("amount", "whole", "gift", "genre", "note")},
    },
)
BASE = {"subject": "a", "time": NOON_MS, "amount": 1, "whole": 1, "gift": True, "genre": "rock", "note": "x"}
ROW_MS = NOON_MS + 86_400_000


@pytest.fixture(autouse=True, scope="module")
def _one_database() -> Iterator[None]:
    with one_database():
        yield


def cells(library: str, values: Values, forms: tuple[str, ...]) -> list[Any]:
    """Return a case for each form of a library, column and type."""
    return [
        pytest.param(form, name, given, meant, id=f"{form}-{name}-{index}")
        for name, column in values.items()
        for index, (given, meant) in enumerate(column)
        for form in forms
        if library
    ]


CELLS = [
    *cells("arrow", ARROW, ("arrow", "reader", "dataset", "parquet")),
    *cells("pandas", PANDAS, ("pandas",)),
    *cells("polars", POLARS, ("polars", "lazy")),
    *cells("duckdb", DUCKDB, ("duckdb",)),
]


def table_of(form: str, columns: dict[str, Any], folder: Path) -> Any:
    """Return one row of a library; a value that is a column stands as it is."""
    if form == "duckdb":
        shown = {n: v if n == "given" else repr(v) for n, v in columns.items()}
        return duckdb.sql("SELECT " + ", ".join(f'{value} AS "{name}"' for name, value in shown.items()))
    if form == "pandas":
        return pd.DataFrame({n: v if isinstance(v, pd.Series) else [v] for n, v in columns.items()})
    if form in ("polars", "lazy"):
        frame = pl.DataFrame({n: v if isinstance(v, pl.Series) else [v] for n, v in columns.items()})
        return frame.lazy() if form == "lazy" else frame
    arrow = pa.table({n: v if isinstance(v, pa.Array) else pa.array([v]) for n, v in columns.items()})
    if form == "reader":
        return arrow.to_reader()
    if form == "parquet":
        try:
            pq.write_table(arrow, folder / "table.parquet")
        except (pa.ArrowException, OSError):
            pytest.skip("Parquet does not have the type or value")
        return folder / "table.parquet"
    return ds.dataset(arrow) if form == "dataset" else arrow


def frame_of(form: str, name: str, given: Any, folder: Path) -> dict[str, Any]:
    named = "given" if form == "duckdb" else name
    events = {n: v for n, v in BASE.items() if n != name} | {named: given}
    rows = {"time": ROW_MS, (named if name == "subject" else "subject"): given if name == "subject" else "a"}
    (folder / "rows").mkdir()
    columns = {name: named}
    told = ef.source(table_of(form, events, folder), columns=columns)
    asked = ef.source(table_of(form, rows, folder / "rows"), columns=columns if name == "subject" else {})
    return ef.training_frame(SPEC, {"order": told}, asked, progress=False).to_pylist()[0]


@pytest.mark.parametrize(("form", "name", "given", "meant"), CELLS)
def test_every_type_of_every_source_gives_its_value_or_is_refused_by_name(
    form: str, name: str, given: Any, meant: Any, tmp_path: Path
) -> None:
    missing = isinstance(meant, float) and math.isnan(meant)
    if meant == REFUSED:
        with pytest.raises(ef.InvalidTable) as caught:
            frame_of(form, name, given, tmp_path)
        error, text = caught.value, str(caught.value)
        assert (error.table, error.field) == ("order", name)
        assert "expected" in text.lower()
        assert "can't be computed" not in text
        assert text.split("expected", 1)[-1].count(". ") >= 1 or ":" in text.split("expected", 1)[-1], (
            "it says no next step"
        )
        return
    row = frame_of(form, name, given, tmp_path)
    assert row["n"] == 1.0
    if name == "time":
        assert row["first"] == (ROW_MS - meant) / 3_600_000
    elif name not in ("subject", "seq"):
        assert math.isnan(row[name]) if missing else row[name] == meant
