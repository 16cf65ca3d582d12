"""One long table of events of many types, and a shop's export: each refusal says what to type next."""

from __future__ import annotations

import json
from typing import Any

import edgefold_reducer as ef
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from .shop_tables import ALL, DAY, ROWS, SPEC, frame_of, refusal

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
