"""Names, kept columns and files: what each gives, or what its refusal says to type."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import edgefold_reducer as ef
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from edgefold_reducer.table import frame
from edgefold_reducer.table.convert import decimals

from .shop_tables import ALL, DAY, ORDERS, ROWS, SPEC, frame_of, refusal


def test_an_attribute_may_be_named_as_a_field() -> None:
    assert frame_of(ORDERS) == ALL


@pytest.mark.parametrize(
    "name", ["__row", "__ROW", "row", "chunk", "f_amount", "e", "SELECT", 'a"b', "Subject", "TIME", "时间", "", " "]
)
def test_no_name_of_a_column_changes_what_is_computed_and_each_is_kept(name: str) -> None:
    orders = ORDERS.assign(**{name: [9, 1, 0]})
    rows = ROWS.assign(**{name: [1, 0]})
    got = ef.training_frame(SPEC, {"order": orders}, rows, progress=False)
    assert got.select(list(ALL)).to_pydict() == ALL
    assert got[name].to_pylist() == [1, 0]


@pytest.mark.parametrize("name", ["__row", "SELECT", 'a"b', "Subject", "时间"])
def test_any_column_can_be_named_as_the_subject(name: str) -> None:
    renamed = {"subject": name}
    assert frame_of(ORDERS.rename(columns=renamed), ROWS.rename(columns=renamed), columns={"subject": name}) == ALL


def test_names_that_differ_in_case_are_different_names() -> None:
    mine = ef.event("e", userId=ef.integer(), userid=ef.integer())
    other = ef.event("E", userId=ef.integer())
    spec = ef.Spec(
        "s",
        events=[mine, other],
        attributes={"Age": ef.integer(), "age": ef.integer()},
        features={
            "x": ef.total(mine.userId), "y": ef.total(mine.userid), "z": ef.total(other.userId),
            "Age": ef.attribute("Age"), "age": ef.attribute("age"),
        },
    )  # fmt: skip
    base = {"subject": ["a"], "time": [DAY], "userId": [1]}
    tables = {"e": pd.DataFrame(base | {"userid": [2], "USERID": [3]}), "E": pa.table(base | {"userId": [4]})}
    rows = pd.DataFrame(
        {"subject": ["a"], "time": [DAY + pd.Timedelta(1, "D")], "Age": [7], "age": [8], "Label": [1], "label": [0]}
    )
    got = ef.training_frame(spec, tables, rows, progress=False)
    assert got.column_names == ["subject", "time", "Label", "label", "x", "y", "z", "Age", "age"]
    assert got.drop_columns(["subject", "time"]).to_pylist() == [
        {"Label": 1, "label": 0, "x": 1.0, "y": 2.0, "z": 4.0, "Age": 7.0, "age": 8.0}
    ]
    profile = dict(ef.profiles_at(spec, tables, DAY + pd.Timedelta(1, "D")))["a"]
    assert ef.features(spec, profile, 1_767_312_000_000, {"Age": 7, "age": 8})["y"] == 2.0


def test_a_misspelt_optional_column_is_refused_with_the_near_name() -> None:
    text = refusal(ORDERS.rename(columns={"coupon": "Coupon"}))
    assert "column coupon is missing" in text
    assert 'columns={"coupon": "Coupon"}' in text
    assert 'ef.source(…, missing=["coupon"])' in text


def test_a_column_that_is_named_as_missing_is_missing_in_every_row() -> None:
    table = ef.source(ORDERS.drop(columns="coupon"), missing=["coupon"])
    assert frame_of(table) == ALL | {"coupon": [None, None]}
    rows = ef.source(ROWS.drop(columns="country"), missing=["country"])
    assert frame_of(ORDERS, rows) == ALL


def broken_stream() -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from table.to_batches()
        raise RuntimeError("the stream broke off: stream broke")

    table = pa.Table.from_pandas(ORDERS)
    return pa.RecordBatchReader.from_batches(table.schema, batches())


def closed_relation() -> duckdb.DuckDBPyRelation:
    with duckdb.connect() as connection:
        return connection.from_arrow(pa.Table.from_pandas(ORDERS))


def test_an_error_of_duckdb_leaves_as_one_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "states_query", lambda *_: "SELECT CAST('x' AS INTEGER) AS row")
    with pytest.raises(ef.InvalidTable, match="can't be computed with .BinderException.*expected an Arrow"):
        frame_of(ORDERS)


def test_a_spec_that_is_none_is_refused() -> None:
    with pytest.raises(ef.InvalidSpec, match="expected a Spec"):
        ef.training_frame("shop", {"order": ORDERS}, ROWS)  # type: ignore[arg-type]  # what the test is about


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (lambda: ef.source(ORDERS, missing=["coupon"]), "one that is not there"),
        (lambda: ef.source(ORDERS.drop(columns="amount"), missing=["amount"]), "an optional field"),
        (lambda: ef.source(ORDERS, missing=["cupon"]), "Near it is coupon"),
        (lambda: ef.source(ORDERS, columns={"amuont": "amount"}), "Near it is amount"),
        (lambda: ef.source(ORDERS, columns={"amount": "amuont"}), 'columns={"amount": "amount"}'),
        (lambda: ef.source(ORDERS, columns=["amount"]), "expected a mapping"),
        (lambda: ef.source(ORDERS, unit=["s"]), 'expected one of "s"'),
        (lambda: ef.source(ORDERS, missing=3), "expected names of optional fields"),
        (lambda: ef.source(ef.source(ORDERS)), "it is Source; expected"),
        (lambda: None, "it is NoneType; expected"),
        (broken_stream, "stream broke"),
        (lambda: pl.DataFrame(ORDERS).lazy().with_columns(pl.lit("x").str.to_integer().alias("amount")), "it can't be read"),
        (closed_relation, "Connection has already been closed"),
        (lambda: ef.source(ORDERS, unit="sec"), 'expected one of "s", "ms", "us", "ns"'),
        (lambda: ORDERS.assign(Seq=1), "column seq is missing"),
        (lambda: pd.concat([ORDERS, ORDERS[["amount"]]], axis=1), "two columns are named amount"),
        (lambda: ORDERS.to_dict("list"), "pandas.DataFrame"),
        (lambda: pl.Series([1]), "expected an Arrow"),
        (lambda: "nowhere/*.parquet", "no file is like"),
        (lambda: "nowhere.parquet", "there is no file nowhere.parquet"),
    ],
)  # fmt: skip
def test_what_does_not_say_how_a_table_is_read_is_refused(table: Any, expected: str) -> None:
    with pytest.raises(ef.InvalidTable, match=re.escape(expected)):
        frame_of(table())


def test_a_misspelt_key_of_columns_is_refused() -> None:
    assert "Near it is subject" in refusal(ORDERS, columns={"sbject": "customer"})


def test_uuid_subjects_stand_as_their_text() -> None:
    a, b = uuid.UUID(int=1), uuid.UUID(int=2**127)
    ids = {"a": a, "b": b}
    orders, rows = (table.assign(subject=table["subject"].map(ids)) for table in (ORDERS, ROWS))
    assert frame_of(orders, rows) == ALL
    assert frame_of(orders, rows.assign(subject=rows["subject"].astype(str))) == ALL
    assert [subject for subject, _ in ef.profiles_at(SPEC, {"order": orders}, DAY + pd.Timedelta(1, "D"))] == [
        str(a),
        str(b),
    ]
    got = ef.training_frame(SPEC, {"order": orders}, rows, progress=False).to_pandas()
    assert list(got["subject"]) == [a, b]


def test_columns_of_the_caller_come_back_untouched() -> None:
    rows = ROWS.assign(
        wait=pd.to_timedelta([1, 2], unit="D"),
        at=pd.to_datetime(["2026-01-01", None]).tz_localize("Europe/London"),
        who=[uuid.UUID(int=1), None],
        kind=pd.Categorical(["x", "y"], categories=["y", "x"]),
        whole=pd.array([1, None], "Int8"),
        half=np.array([1.5, 2.5], np.float16),
        deep=[{"a": [1]}, None],
        period=pd.PeriodIndex(["2026-01", "2026-02"], freq="M"),
    )
    rows.index = pd.Index([7, 5], name="case")
    got = ef.training_frame(SPEC, {"order": ORDERS}, rows, progress=False).to_pandas()
    pd.testing.assert_frame_equal(got[list(rows.columns)], pa.Table.from_pandas(rows).to_pandas())
    assert list(got.index) == [7, 5]
    assert list(got["n"]) == [2.0, 1.0]


def test_a_column_of_several_types_is_refused_by_name() -> None:
    text = refusal(ORDERS, ROWS.assign(odd=pd.Series([1, "x"], dtype=object)))
    assert "column odd has values of several types: row 0 is 1, row 1 is 'x'" in text


def test_the_folders_of_a_path_fill_no_field_unasked(tmp_path: Path) -> None:
    part = tmp_path / "coupon=secret"
    part.mkdir()
    pq.write_table(pa.Table.from_pandas(ORDERS.drop(columns="coupon")), part / "orders.parquet")
    for path in (part / "orders.parquet", tmp_path, f"{tmp_path}/*/*.parquet"):
        assert "column coupon is missing" in refusal(path)
        assert frame_of(ef.source(path, missing=["coupon"]))["coupon"] == [None, None]
    asked = ds.dataset(tmp_path, format="parquet", partitioning="hive")
    assert frame_of(asked)["coupon"] == ["secret", "secret"]


def test_a_column_that_one_file_of_many_lacks_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(ORDERS), tmp_path / "1.parquet")
    pq.write_table(pa.Table.from_pandas(ORDERS.drop(columns="coupon")), tmp_path / "2.parquet")
    assert re.search(r"column coupon is missing in .*2\.parquet", refusal(tmp_path))
    (tmp_path / "2.parquet").unlink()
    assert frame_of(tmp_path) == ALL


@pytest.mark.parametrize(
    "empty", [pd.DataFrame({name: [] for name in ORDERS}), ORDERS.iloc[:0], pl.DataFrame(schema=list(ORDERS))]
)
def test_a_table_without_rows_fits_any(empty: Any) -> None:
    assert frame_of(empty) == {
        "n": [0.0, 0.0],
        "last": [pytest.approx(float("nan"), nan_ok=True)] * 2,
        "coupon": [None, None],
    }


def test_a_decimal_is_its_nearest_double() -> None:
    digits = [
        "0.1",
        "123456789012.3456",
        "9007199254740.9915",
        "-4503599627370.4955",
        "0.005",
        "1.005",
        "70000000000000.115",
    ]
    amounts = pa.array([Decimal(text) for text in digits], pa.decimal128(38, 10))
    column, refused = decimals(amounts, 2)
    assert column.to_pylist() == [ef.decimal(2).accept(float(text)) for text in digits]
    assert not refused.any()
