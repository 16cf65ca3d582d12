"""A column of one value in every type that each library has: what it means, or REFUSED where no event could be told of it."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

UTC = datetime.UTC
NOON = datetime.datetime(2026, 1, 1, 12)
NOON_MS, MIDNIGHT_MS = 1_767_268_800_000, 1_767_225_600_000
ID = uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
REFUSED = "refused"
ANY = "any"
BROKEN = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])


def timestamp(unit: str, zone: str | None = None) -> pa.Array:
    per_ms = {"s": 0.001, "ms": 1, "us": 1000, "ns": 1_000_000}[unit]
    return pa.array([int(NOON_MS * per_ms)], pa.int64()).cast(pa.timestamp(unit, zone))


def coded(array: pa.Array) -> list[pa.Array]:
    return [array.dictionary_encode(), pc.run_end_encode(array)]


def bytes_as_booleans() -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1], pa.int8()))


NUMBERS = [
    *(pa.array([2], pa.type_for_alias(f"{sign}int{bits}")) for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(pa.array([2.0], pa.float64()).cast(kind) for kind in (pa.float16(), pa.float32(), pa.float64())),
    *(pa.array([Decimal(2)], kind(5, 1)) for kind in (pa.decimal32, pa.decimal64, pa.decimal128, pa.decimal256)),
    pa.array([Decimal(2)], pa.decimal128(38, 0)),
    pa.array([Decimal(2)], pa.decimal256(76, 20)),
    *coded(pa.array([2], pa.int64())),
]
TEXTS = [pa.array(["jazz"], kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]
TEXTS += coded(pa.array(["jazz"]))
NESTED = [
    pa.array([[1]], pa.list_(pa.int64())),
    pa.array([{"a": 1}]),
    pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
]
NEVER = [
    *NESTED,
    pa.array([b"x"], pa.binary()),
    pa.array([b"xx"], pa.binary(2)),
    pa.array([1], pa.duration("us")),
    pa.array([datetime.time(1)], pa.time32("s")),
    pa.array([datetime.time(1)], pa.time64("ns")),
    pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    pa.array(pd.Series(pd.PeriodIndex(["2026-01-01"], freq="D"))),
    pa.array(pd.Series(pd.interval_range(0, 1))),
]
UUIDS = pa.array([ID.bytes], pa.uuid())
TIMES = [timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Asia/Kolkata", "-03:00")]
INTEGER_TIMES = [pa.array([NOON_MS], kind) for kind in (pa.int64(), pa.uint64())]
DATES = [pa.array([NOON.date()], kind) for kind in (pa.date32(), pa.date64())]
BOOLEANS = [pa.array([True]), bytes_as_booleans(), *coded(pa.array([True]))]

Values = dict[str, list[tuple[Any, Any]]]


def both(right: list[Any], value: Any, wrong: list[Any]) -> list[tuple[Any, Any]]:
    return [(column, value) for column in right] + [(column, REFUSED) for column in wrong]


ARROW: Values = {
    "subject": [
        *both(TEXTS, "jazz", [*NEVER, *BOOLEANS, pa.array([2.0]), timestamp("ms"), BROKEN, pa.nulls(1)]),
        *both([n for n in NUMBERS if pa.types.is_integer(n.type)], 2, [pa.array([Decimal(2)], pa.decimal128(5, 1))]),
        *both([UUIDS, pa.DictionaryArray.from_arrays(pa.array([0]), UUIDS)], ID, []),
    ],
    "time": [
        *both(
            [*TIMES, *INTEGER_TIMES, timestamp("us").dictionary_encode()], NOON_MS, [*NEVER, *TEXTS, *BOOLEANS, UUIDS]
        ),
        *both(DATES, MIDNIGHT_MS, [pa.array([2.0]), pa.nulls(1), pa.array([-1]), pa.array([2**63], pa.uint64())]),
        *both(
            [],
            0,
            [pa.array([2**62], pa.timestamp("s")), pa.array([1_767_268_800], pa.int32()), pa.array([0], pa.date32())],
        ),
    ],
    "amount": both(
        NUMBERS,
        2.0,
        [
            *NEVER,
            *TEXTS,
            *BOOLEANS,
            UUIDS,
            timestamp("s"),
            pa.array([float("nan")]),
            pa.array([float("inf")]),
            pa.nulls(1),
        ],
    ),
    "whole": [
        *both(
            NUMBERS,
            2.0,
            [*NEVER, *TEXTS, *BOOLEANS, pa.array([1.5]), pa.array([2**53]), pa.array([2**63], pa.uint64())],
        ),
        *both(
            [],
            0,
            [pa.array([Decimal("1.5")]), pa.array([Decimal(10**40)], pa.decimal256(50, 0)), pa.array([float("nan")])],
        ),
        (pa.nulls(1), float("nan")),
        (pa.array([None], pa.decimal256(50, 0)), float("nan")),
    ],
    "gift": [
        *both(BOOLEANS, 1.0, [*NEVER, *TEXTS, *NUMBERS]),
        (pa.nulls(1), float("nan")),
        (pa.array([None], pa.bool_()), float("nan")),
    ],
    "genre": [
        *both(TEXTS, "jazz", [*NEVER, *NUMBERS, *BOOLEANS, UUIDS, BROKEN, pa.array(["Jazz"])]),
        (pa.nulls(1), None),
        (pa.array([None], pa.large_string()), None),
    ],
    "note": [
        *both(TEXTS, "jazz", [*NEVER, *NUMBERS, BROKEN, pa.array(["jazzy"])]),
        (pa.array(["é😀\0x"]), "é😀\0x"),
        (pa.nulls(1), None),
    ],
    "seq": both(NUMBERS, ANY, [*NEVER, *TEXTS, *BOOLEANS, pa.array([0]), pa.array([1.5]), pa.nulls(1)]),
}

_OBJECTS = [
    [1, "a"],
    [True, 1],
    [NOON.date(), NOON],
    [NOON, NOON.replace(tzinfo=UTC)],
    ["a", b"a"],
    [ID, "a"],
    [object(), object()],
    [1j, 2j],
]


def series(values: list[Any], dtype: Any = None) -> pd.Series[Any]:
    return pd.Series(values, dtype=dtype)


PANDAS: Values = {
    "subject": [
        *both(
            [series(["jazz"], d) for d in ("str", "object", "category", "string[python]", "string[pyarrow]")],
            "jazz",
            [],
        ),
        *both(
            [series([2], d) for d in ("int64", "uint8", "Int64", "UInt16", "category", "object", "int64[pyarrow]")],
            2,
            [series([2.0])],
        ),
        *both(
            [series([ID])],
            ID,
            [series([None], "object"), series([pd.NA], "string"), series([b"x"]), series(["\ud800"], "object")],
        ),
    ],
    "time": [
        *both(
            [series([NOON], f"datetime64[{unit}]") for unit in ("s", "ms", "us", "ns")],
            NOON_MS,
            [series([pd.NaT]), series(["2026-01-01"])],
        ),
        *both([series([NOON]).dt.as_unit(unit).dt.tz_localize("UTC") for unit in ("s", "ms", "us", "ns")], NOON_MS, []),
        *both(
            [
                series([NOON], "object"),
                series([pd.Timestamp(NOON)], "object"),
                series([NOON_MS]),
                series([NOON_MS], "UInt64"),
            ],
            NOON_MS,
            [],
        ),
        *both(
            [series([NOON.date()])],
            MIDNIGHT_MS,
            [series(pd.PeriodIndex(["2026-01-01"], freq="D")), series([float(NOON_MS)])],
        ),
        *both([], 0, [series([pd.Timedelta(1, "D")]), series(pd.to_datetime([1_767_268_800]))]),
    ],
    "amount": [
        *both(
            [
                series([2], d)
                for d in ("int8", "uint64", "float16", "float32", "float64", "Int32", "Float64", "object", "category")
            ],
            2.0,
            [],
        ),
        *both(
            [series([Decimal(2)]), series([np.int16(2)], "object"), series([2.0], "double[pyarrow]")],
            2.0,
            [series([float("nan")])],
        ),
        *both(
            [],
            0,
            [
                series(["2"]),
                series([True]),
                series([pd.NA], "Float64"),
                series([2j]),
                series(pd.arrays.SparseArray([2.0])),
            ],
        ),
        *both([], 0, [series([2**70], "object"), series([{}]), series([NOON])]),
    ],
    "whole": [
        *both(
            [series([2.0]), series([2], "Int8"), series([Decimal(2)])],
            2.0,
            [series([1.5]), series(["2"]), series([False])],
        ),
        *both(
            [series([v], d) for v, d in ((None, "object"), (float("nan"), None), (pd.NA, "Int64"), (pd.NA, "object"))],
            float("nan"),
            [],
        ),
    ],
    "gift": [
        *both(
            [series([True], d) for d in ("bool", "boolean", "object", "category", "bool[pyarrow]")],
            1.0,
            [series([1]), series(["true"])],
        ),
        *both([series([None], "object"), series([pd.NA], "boolean")], float("nan"), []),
    ],
    "genre": [
        *both(
            [series(["jazz"], d) for d in ("str", "object", "category", "string[pyarrow]")],
            "jazz",
            [series([1]), series(["Jazz"])],
        ),
        *both(
            [
                series([v], d)
                for v, d in ((None, "str"), (float("nan"), "object"), (pd.NA, "string"), (pd.NaT, "object"))
            ],
            None,
            [],
        ),
    ],
    "note": both([series(["jazz"])], "jazz", [series(["\ud800"], "object"), series([b"x"]), series([ID])]),
    "seq": both([series([2]), series([2.0]), series([2], "UInt8")], ANY, [series(["2"]), series([pd.NA], "Int64")]),
}


def column(values: list[Any], dtype: Any = None) -> pl.Series:
    return pl.Series("", values, dtype=dtype)


_POLARS_NEVER = [
    column([b"x"]),
    column([[1]]),
    column([{"a": 1}]),
    column([datetime.time(1)]),
    column([datetime.timedelta(1)]),
    column([object()], pl.Object),
    column([2], pl.Int128),
]
_POLARS_INTEGERS = [
    column([2], d) for d in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
]
_POLARS_TEXTS = [column(["jazz"], d) for d in (pl.String, pl.Categorical, pl.Enum(["rock", "jazz"]))]
POLARS: Values = {
    "subject": [
        *both(_POLARS_TEXTS, "jazz", [*_POLARS_NEVER, column([2.0])]),
        *both(_POLARS_INTEGERS, 2, [column([None])]),
    ],
    "time": [
        *both(
            [column([NOON], pl.Datetime(u)) for u in ("ms", "us", "ns")],
            NOON_MS,
            [*_POLARS_NEVER, column(["2026-01-01"])],
        ),
        *both([column([NOON]).dt.replace_time_zone("UTC"), column([NOON_MS])], NOON_MS, [column([float(NOON_MS)])]),
        *both([column([NOON.date()])], MIDNIGHT_MS, [column([None], pl.Date)]),
    ],
    "amount": [
        *both(
            [*_POLARS_INTEGERS, column([2.0]), column([2.0], pl.Float32), column([Decimal(2)])],
            2.0,
            [*_POLARS_NEVER, column(["2"])],
        ),
        *both([], 0, [column([True]), column([float("nan")]), column([None])]),
    ],
    "whole": both([*_POLARS_INTEGERS, column([2.0])], 2.0, [*_POLARS_NEVER, column([1.5])])
    + both([column([None])], float("nan"), []),
    "gift": both([column([True])], 1.0, [*_POLARS_NEVER, column([1]), column(["true"])])
    + both([column([None], pl.Boolean)], float("nan"), []),
    "genre": both(_POLARS_TEXTS, "jazz", [*_POLARS_NEVER, column([1])]) + both([column([None], pl.String)], None, []),
    "note": both([column(["jazz"])], "jazz", [*_POLARS_NEVER, column(["jazzy"])]),
    "seq": both([*_POLARS_INTEGERS, column([2.0])], ANY, [*_POLARS_NEVER, column(["2"]), column([0])]),
}

_SQL_NEVER = ["[1]", "{'a': 1}", "MAP {'a': 1}", "'x'::BLOB", "TIME '10:00'", "INTERVAL 1 DAY", "'101'::BIT"]
_SQL_INTEGERS = [f"2::{u}{kind}INT" for u in ("", "U") for kind in ("TINY", "SMALL", "BIG")] + [
    "2::INTEGER",
    "2::UINTEGER",
]
_SQL_TEXTS = ["'jazz'", "'jazz'::ENUM('rock', 'jazz')"]
DUCKDB: Values = {
    "subject": [
        *both(_SQL_TEXTS, "jazz", [*_SQL_NEVER[:6], "2.0::DOUBLE", "true", "NULL"]),
        *both(_SQL_INTEGERS, 2, ["2::HUGEINT"]),
        (f"'{ID}'::UUID", ID),
    ],
    "time": [
        *both(
            [f"TIMESTAMP{kind} '2026-01-01 12:00:00'" for kind in ("", "_S", "_MS", "_NS")],
            NOON_MS,
            [*_SQL_NEVER, "'2026-01-01'"],
        ),
        *both(
            ["TIMESTAMPTZ '2026-01-01 12:00:00+00'", f"{NOON_MS}"],
            NOON_MS,
            ["NULL::TIMESTAMP", "1767268800", "'infinity'::TIMESTAMP"],
        ),
        ("DATE '2026-01-01'", MIDNIGHT_MS),
    ],
    "amount": both(
        [*_SQL_INTEGERS, "2::FLOAT", "2::DOUBLE", "2::DECIMAL(5,1)", "2::HUGEINT", "2::UHUGEINT"],
        2.0,
        [*_SQL_NEVER, "'2'", "NULL"],
    ),
    "whole": both([*_SQL_INTEGERS, "2::DECIMAL(38,10)"], 2.0, [*_SQL_NEVER, "1.5", "1e300::DOUBLE"])
    + both(["NULL", "NULL::HUGEINT"], float("nan"), []),
    "gift": both(["true"], 1.0, [*_SQL_NEVER, "1", "'true'"]) + both(["NULL::BOOLEAN"], float("nan"), []),
    "genre": both(_SQL_TEXTS, "jazz", [*_SQL_NEVER[:6], "1"]) + both(["NULL::VARCHAR"], None, []),
    "note": both(["'jazz'"], "jazz", ["'jazzy'", "1", "'x'::BLOB"]),
    "seq": both(_SQL_INTEGERS, ANY, [*_SQL_NEVER, "'2'", "0"]),
}
