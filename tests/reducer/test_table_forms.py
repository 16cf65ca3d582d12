"""Names, units, zones, kept columns and long tables: what each gives, or what its refusal says to type."""

from __future__ import annotations

import datetime
import json
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
from edgefold_reducer.table.times import to_ms
from edgefold_reducer.times import UNITS, as_ms

order = ef.event(
    "order", amount=ef.decimal(2), coupon=ef.string(9, optional=True), country=ef.enum("GB", "FR", optional=True)
)
SPEC = ef.Spec(
    "shop",
    events=[order],
    attributes={"country": ef.enum("GB", "FR")},
    features={"n": ef.count(order), "last": ef.last(order.amount), "coupon": ef.last(order.coupon)},
)
DAY = pd.Timestamp("2026-01-01")
ORDERS = pd.DataFrame(
    {
        "subject": ["a", "a", "b"],
        "time": [DAY] * 3,
        "amount": [1.0, 2.0, 3.0],
        "coupon": ["x", None, "y"],
        "country": "GB",
    }
)
ROWS = pd.DataFrame({"subject": ["a", "b"], "time": [DAY + pd.Timedelta(2, "D")] * 2, "country": ["GB", None]})
ALL = {"n": [2.0, 1.0], "last": [2.0, 3.0], "coupon": ["x", "y"]}


def frame_of(orders: Any, rows: Any = ROWS, **options: Any) -> dict[str, list[Any]]:
    got = ef.training_frame(SPEC, {"order": orders}, rows, progress=False, **options)
    return got.select(list(ALL)).to_pydict()


def refusal(orders: Any, rows: Any = ROWS, **options: Any) -> str:
    with pytest.raises(ef.InvalidTable) as caught:
        frame_of(orders, rows, **options)
    return str(caught.value)


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


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)])
def test_integer_times_are_of_the_unit_that_is_said(unit: str, per_second: int) -> None:
    seconds = ORDERS["time"].astype("datetime64[s]").astype("int64")
    orders = ORDERS.assign(time=seconds * per_second)
    rows = ROWS.assign(time=ROWS["time"].astype("datetime64[s]").astype("int64") * per_second)
    assert frame_of(orders, rows, unit=unit) == ALL
    assert frame_of(ef.source(orders, unit=unit)) == ALL
    moment = int(rows["time"][0])
    assert len(list(ef.profiles_at(SPEC, {"order": orders}, moment, unit=unit))) == 2
    if unit != "ms":
        assert f'say unit="{unit}"' in refusal(orders)
        assert f'say unit="{unit}"' in refusal(ORDERS, rows)
        with pytest.raises(ef.InvalidTable, match=f'say unit="{unit}"'):
            ef.profiles_at(SPEC, {"order": ORDERS}, moment)


def test_fold_refuses_times_of_another_unit_and_takes_them_when_told() -> None:
    events = [{"type": "order", "time": 1_767_225_600 + i, "data": {"amount": 1}} for i in range(2)]
    with pytest.raises(ef.InvalidEvent, match='As seconds it is 2026-01-01: say unit="s"'):
        ef.fold(SPEC, events)
    assert ef.fold(SPEC, events, unit="s").last_ms == 1_767_225_601_000
    assert ef.fold(SPEC, events, unit="ms").last_ms == 1_767_225_601
    assert ef.fold(SPEC, [*events, events[0] | {"time": 1_767_225_600_000}]).last_ms == 1_767_225_600_000
    with pytest.raises(ef.InvalidEvent, match="expected one of s, ms, us, ns"):
        ef.fold(SPEC, events, unit="min")


@pytest.mark.parametrize(
    ("edge", "inside"),
    [
        ("1989-12-31T23:59:59.999", False),
        ("1990-01-01", True),
        ("2199-12-31T23:59:59.999", True),
        ("2200-01-01", False),
    ],
)
def test_times_are_plausible_from_1990_up_to_2200(edge: str, inside: bool) -> None:
    orders = ORDERS.assign(time=pd.Timestamp(edge))
    if inside:
        frame_of(orders)
    else:
        assert "lies outside 1990 to 2200" in refusal(orders)
        frame_of(orders, unit="ms")


def zoned(table: pd.DataFrame, zone: str) -> pd.DataFrame:
    return table.assign(time=table["time"].dt.tz_localize(zone))


def test_times_with_a_zone_are_moments_and_stand_beside_none_without() -> None:
    assert frame_of(zoned(ORDERS, "Europe/London"), zoned(ROWS, "Asia/Tokyo")) == ALL
    for orders, rows in ((zoned(ORDERS, "UTC"), ROWS), (ORDERS, zoned(ROWS, "UTC"))):
        assert "tz_localize" in refusal(orders, rows)
    assert "tz_localize" in refusal(zoned(ORDERS, "UTC"), ROWS.assign(time=ROWS["time"].dt.date))
    with pytest.raises(ef.InvalidTable, match="has no zone"):
        ef.profiles_at(SPEC, {"order": zoned(ORDERS, "UTC")}, datetime.datetime(2026, 1, 3))
    with pytest.raises(ef.InvalidTable, match="has a zone"):
        ef.profiles_at(SPEC, {"order": ORDERS}, datetime.datetime(2026, 1, 3, tzinfo=datetime.UTC))


@pytest.mark.parametrize(
    "time",
    [datetime.date(2026, 1, 3), datetime.datetime(2026, 1, 3), pd.Timestamp("2026-01-03"), np.int64(1_767_398_400_000)],
)
def test_profiles_are_of_a_date_a_datetime_or_an_integer(time: Any) -> None:
    assert [subject for subject, _ in ef.profiles_at(SPEC, {"order": ORDERS}, time)] == ["a", "b"]


@pytest.mark.parametrize("time", [None, "2026-01-03", pd.NaT, True, np.datetime64("2026-01-03", "ns"), 1.5, 2**60])
def test_what_is_no_time_is_refused(time: Any) -> None:
    with pytest.raises(ef.InvalidTable, match="expected"):
        ef.profiles_at(SPEC, {"order": ORDERS}, time)


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


LONG = pa.table(
    {
        "user_id": ["a", "b", "a", "a"],
        "timestamp": [1_767_225_600, 1_767_225_600, 1_767_225_601, None],
        "event": ["Order Completed", "Order Completed", "Order Completed", "Page"],
    }
)
DATA = [{"amount": 1, "coupon": "x"}, {"amount": 3.0, "coupon": "y"}, {"amount": 2, "coupon": None, "other": [1]}, {}]
KEYS = {"subject": "user_id", "time": "timestamp"}


def member(value: Any) -> dict[str, Any]:
    kinds = {"string_value": str, "int_value": int, "double_value": float}
    return {name: value if type(value) is kind else None for name, kind in kinds.items()}


PAIRS = [[{"key": k, "value": member(v)} for k, v in data.items() if type(v) in (str, int, float)] for data in DATA]
STRUCTS = [{"amount": data.get("amount"), "coupon": data.get("coupon")} for data in DATA]


@pytest.mark.parametrize(
    "properties",
    [
        pa.array([json.dumps(data) for data in DATA]),
        pa.array([json.dumps(data) for data in DATA], pa.large_string()).dictionary_encode(),
        pa.array([json.dumps(data) for data in DATA[:3]] + [None], pa.json_()),
        pa.array(STRUCTS, pa.struct({"amount": pa.float64(), "coupon": pa.string()})),
        pa.array(PAIRS),
    ],
    ids=["JSON", "categories", "Arrow's JSON", "structs", "BigQuery"],
)  # fmt: skip
def test_one_long_table_is_a_source(properties: pa.Array) -> None:
    table = LONG.append_column("properties", properties)
    for given in (table, table.to_reader()):
        long = ef.long_table(
            given, type="event", properties="properties", events={"order": "Order Completed"}, columns=KEYS, unit="s", missing=["country"]
        )  # fmt: skip
        got = ef.training_frame(SPEC, long, ROWS, progress=False)
        assert got.select(list(ALL)).to_pydict() == ALL


def test_one_long_table_may_have_a_column_for_each_field() -> None:
    table = pl.DataFrame(
        {"kind": ["order", "view", "order", "order"], "who": list("aaab"), "time": [DAY] * 4, "amount": [1, None, 2, 3]}
    )
    long = ef.long_table(table, type="kind", columns={"subject": "who"}, missing=["country", "coupon"])
    assert ef.training_frame(SPEC, long, ROWS, progress=False)["n"].to_pylist() == [2.0, 1.0]
    one = ef.training_frame(SPEC, {"order": long}, ROWS, progress=False)
    assert one["last"].to_pylist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("changed", "options", "expected"),
    [
        ({}, {"events": {}}, 'no row has order as its event; expected one of Order Completed, Page'),
        ({}, {"missing": []}, "property country is missing; expected it beside amount, coupon"),
        ({}, {"missing": ["coupon", "country"]}, "missing= names coupon; expected one that no order has"),
        ({}, {"type": "type"}, "column type is missing"),
        ({}, {"properties": "data"}, "Say properties= for the column"),
        ({}, {"properties": "user_id"}, "1 row is refused|rows are refused; the first is row 0, whose properties"),
        ({}, {"properties": "timestamp"}, "expected JSON objects"),
        ({}, {"properties": None}, 'say properties="…"'),
        ({}, {"columns": {}}, 'columns={"subject": "user_id"}'),
        ({}, {"unit": None}, 'say unit="s"'),
        ({}, {"events": {"ordre": "x"}}, "events= names ordre"),
        ({0: {"amount": "1"}}, {}, "whose amount is '1'; expected a number.*without quotes"),
        ({0: {"coupon": "x"}}, {}, "whose amount is None; expected a number"),
        ({1: "{broken"}, {}, "row 1, whose properties is '{broken'; expected a JSON object"),
        ({1: '{"amount": 1, "amount": 2}'}, {}, "each member once"),
    ],
)  # fmt: skip
def test_a_long_table_is_refused_with_what_to_say(
    changed: dict[int, Any], options: dict[str, Any], expected: str
) -> None:
    cells = [changed.get(row, data) for row, data in enumerate(DATA)]
    table = LONG.append_column("properties", pa.array([c if isinstance(c, str) else json.dumps(c) for c in cells]))
    said = {
        "type": "event", "properties": "properties", "events": {"order": "Order Completed"}, "columns": KEYS, "unit": "s", "missing": ["country"],
    }  # fmt: skip
    with pytest.raises(ef.InvalidTable, match=expected):
        ef.training_frame(SPEC, ef.long_table(table, **{**said, **options}), ROWS, progress=False)


def test_a_shop_s_export_is_read_by_what_each_refusal_says_to_type() -> None:
    export = pd.DataFrame(
        {
            "CustomerID": [1.0, 1.0, np.nan],
            "InvoiceDate": [1_690_000_000, 1_690_003_600, 1],
            "UnitPrice": ["2.55", "3.39", "1"],
        }
    )
    rows = pd.DataFrame({"CustomerID": [1], "InvoiceDate": [1_695_000_000], "country": ["GB"]})

    def orders(frame: pd.DataFrame, **columns: str) -> ef.Source:
        return ef.source(frame, columns=columns, missing=["coupon", "country"])

    assert 'columns={"subject": "CustomerID"}' in refusal(orders(export), rows)
    keys = {"subject": "CustomerID", "time": "InvoiceDate"}
    assert "column amount is missing" in refusal(orders(export), rows, columns=keys)
    told = 'df = df.dropna(subset=["CustomerID"]).astype({"CustomerID": "int64"})'
    assert told in refusal(orders(export, amount="UnitPrice"), rows, columns=keys)
    export = export.dropna(subset=["CustomerID"]).astype({"CustomerID": "int64"})
    assert 'df["UnitPrice"] = pd.to_numeric(df["UnitPrice"])' in refusal(
        orders(export, amount="UnitPrice"), rows, columns=keys
    )
    export["UnitPrice"] = pd.to_numeric(export["UnitPrice"])
    assert 'say unit="s"' in refusal(orders(export, amount="UnitPrice"), rows, columns=keys)
    assert frame_of(orders(export, amount="UnitPrice"), rows, columns=keys, unit="s")["last"] == [3.39]


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (1_767_225_600_000_000_000, 'As nanoseconds it is 2026-01-01: say unit="ns"'),
        (1_767_225_600.5, 'As seconds it is 2026-01-01: say unit="s"'),
        (datetime.datetime(2026, 1, 1), "timestamp()"),
        ("2026-01-01", "fromisoformat"),
        (-1, "Correct it."),
        (None, "Correct it."),
        (float("nan"), "Correct it."),
    ],
)
def test_a_time_that_is_none_says_what_to_give(time: Any, told: str) -> None:
    with pytest.raises(ef.InvalidEvent, match=re.escape(told)):
        ef.fold(SPEC, [{"type": "order", "time": time, "data": {"amount": 1}}])


EDGES = {
    unit: sorted(
        {
            edge * divisor // multiple + step
            for edge in (0, 1, 2**53 - 1, 2**53)
            for step in (-1, 0, 1, divisor - 1, divisor)
        }
    )
    for unit, (multiple, divisor) in UNITS.items()
}


@pytest.mark.parametrize("unit", UNITS)
def test_a_column_of_times_is_what_each_of_them_is(unit: str) -> None:
    counts = [count for count in EDGES[unit] if abs(count) < 2**63]
    whole = [as_ms(count, unit) for count in counts]
    right = [None if ms is None or ms < 0 else ms for ms in whole]
    kinds = [pa.array(counts, pa.int64()), pa.array(counts, pa.int64()).cast(pa.timestamp(unit))]
    kinds += [pa.array([count for count in counts if count >= 0] + [2**64 - 1], pa.uint64())]
    for column in kinds:
        of_column = (
            right
            if column.type != pa.uint64()
            else [*(ms for c, ms in zip(counts, right, strict=True) if c >= 0), None]
        )
        milliseconds, refused = to_ms(column, unit)
        assert [None if out else int(ms) for ms, out in zip(milliseconds, refused, strict=True)] == of_column


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
