"""Random columns of the fuzz: each of some Arrow type, with what its values mean in an event."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from decimal import Decimal as Digits
from random import Random
from typing import Any

import pyarrow as pa
from edgefold_reducer.field import Boolean, Decimal, Enum, Field, Integer

DAY_MS = 86_400_000
START_MS = 20_454 * DAY_MS
NASTY = ("customer_id", "__row", "row", "Subject", 'a"b', "ts", "e.time", "TIME", "SELECT", "piece", "f_amount", "时间")
UNITS = {"s": (1000, 1), "ms": (1, 1), "us": (1, 1000), "ns": (1, 1_000_000)}


@dataclass(frozen=True)
class Column:
    """A column as Arrow, and what each value is in an event. ``kind``: of subjects, or whether times have a zone."""

    array: pa.Array
    events: list[Any]
    kind: Any = None
    wrong: bool = False
    """Whether no event could be told of it, by its type alone."""


def with_nulls(rng: Random, values: list[Any], chance: float) -> list[Any]:
    return [None if rng.random() < chance else value for value in values]


def subject_column(rng: Random, rows: int, kind: str, odd: float) -> Column:
    """Return few subjects, so that each has a history; the kinds are strings, integers and UUIDs."""
    if rng.random() < odd / 3:
        return Column(pa.array([1.0] * rows, pa.float64()), [None] * rows, kind, wrong=True)
    numbers = [rng.randrange(3) for _ in range(rows)]
    numbers = with_nulls(rng, numbers, odd / 3)
    if rng.random() < odd / 2:
        kind = rng.choice(("string", "integer", "uuid"))
    if kind == "integer":
        type = rng.choice((pa.int64(), pa.int8(), pa.uint64(), pa.uint16(), pa.dictionary(pa.int8(), pa.int64())))
        return Column(pa.array(numbers, type), numbers, "integer")
    if kind == "uuid":
        ids = [None if number is None else uuid.UUID(int=number << 70 | 0xABC) for number in numbers]
        texts = [None if one is None else str(one) for one in ids]
        if rng.random() < 0.3:
            return Column(pa.array(texts, pa.string()), texts, "string")
        return Column(pa.array([None if one is None else one.bytes for one in ids], pa.uuid()), texts, "string")
    names = [None if number is None else ("ann", "😀", "O'Hara")[number] for number in numbers]
    return Column(pa.array(names, rng.choice(TEXT_TYPES)), names, "string")


TEXT_TYPES = (pa.string(), pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()))


def time_column(rng: Random, rows: int, unit: str | None, zoned: bool, odd: float) -> Column:
    """Return times near some days, so that windows begin and end among them, and ties are many."""
    if rng.random() < odd / 3:
        wrong = rng.choice((pa.array(["2026-01-01"] * rows, pa.string()), pa.array([1.7e9] * rows, pa.float64())))
        return Column(wrong, [None] * rows, wrong=True)
    exact = [
        START_MS + rng.choice((0, 1, 2, 24, 48)) * 3_600_000 + rng.choice((0, 0, 1, -1, rng.randrange(DAY_MS)))
        for _ in range(rows)
    ]
    if rng.random() < odd:
        exact = [rng.choice((time, time // 1000, 0, -1, 2**53)) for time in exact]
    if rng.random() < odd / 2:
        zoned = not zoned
    times = with_nulls(rng, exact, odd / 3)
    form = rng.choice(("integer", "timestamp", "timestamp", "timestamp" if zoned else "date"))
    if form == "integer":
        multiple, divisor = UNITS[unit or "ms"]
        counts = [None if t is None else t * divisor // multiple for t in times]
        counts = [None if c is None or abs(c) >= 2**63 else c for c in counts]
        if rng.random() < 0.3 and divisor > 1:
            counts = [None if c is None else c + rng.randrange(divisor) for c in counts]
        meant = [None if c is None else c * multiple // divisor for c in counts]
        type = rng.choice((pa.int64(), pa.uint64() if all(c is None or c >= 0 for c in counts) else pa.int64()))
        return Column(pa.array(counts, type), meant, None)
    if form == "date":
        days = [None if t is None else min(t // DAY_MS, 10**6) for t in times]
        meant = [None if day is None else day * DAY_MS for day in days]
        array = pa.array(days, pa.int32()).cast(pa.date32())
        return Column(array if rng.random() < 0.7 else array.cast(pa.date64()), meant, False)
    of = rng.choice(("s", "ms", "us", "ns"))
    multiple, divisor = UNITS[of]
    counts = [None if t is None else min(t, 8 * 10**12) * divisor // multiple for t in times]
    meant = [None if c is None else c * multiple // divisor for c in counts]
    zone = rng.choice(("UTC", "Europe/London", "+05:30")) if zoned else None
    return Column(pa.array(counts, pa.int64()).cast(pa.timestamp(of, zone)), meant, zoned)


def attribute_column(rng: Random, field: Field, rows: int, odd: float, *, optional: bool) -> Column:
    """Return a column of a field, with nulls where it may have them."""
    values = [random_value(rng, field, odd) for _ in range(rows)]
    chance = 0.25 if field.optional or optional else odd / 3
    return column_of(rng, field, with_nulls(rng, values, chance), odd)


def random_value(rng: Random, field: Field, odd: float) -> Any:
    bad = rng.random() < odd / 2
    if isinstance(field, Integer):
        return (
            rng.choice((2**53, 1.5, -(2**62), float("inf"), float("nan"))) if bad else rng.choice((0, 1, 7, -3, 2**31))
        )
    if isinstance(field, Decimal):
        return (
            rng.choice((1e14, float("nan"), -float("inf"), 2**60))
            if bad
            else rng.choice((0, 1, 2.995, 0.125, -7.25, 1.005, 5e9))
        )
    if isinstance(field, Boolean):
        return rng.random() < 0.5
    if isinstance(field, Enum):
        return rng.choice(("Rock", "", "rock ")) if bad else rng.choice(field.values)
    return rng.choice(("abcde", "😀😀😀😀😀")) if bad else rng.choice(("", "a", "é", "😀", "a\0b", "ab"))


def column_of(rng: Random, field: Field, values: list[Any], odd: float) -> Column:
    """Return values as a column of a random type that holds them; now and then one that the field can't have."""
    if isinstance(field, Integer | Decimal):
        types = [*NUMBER_TYPES]
    elif isinstance(field, Boolean):
        types = [pa.bool_(), pa.bool_(), pa.dictionary(pa.int8(), pa.bool_())]
    else:
        types = [*TEXT_TYPES]
    if rng.random() < odd / 3:
        return wrong_column(rng, field, values)
    rng.shuffle(types)
    for type in [*types, pa.float64()]:
        array = made(values, type)
        if array is not None:
            return Column(array, meaning(array))
    raise AssertionError(values)


NUMBER_TYPES = (
    pa.int64(),
    pa.int32(),
    pa.int8(),
    pa.uint64(),
    pa.uint16(),
    pa.float64(),
    pa.float64(),
    pa.float32(),
    pa.float16(),
    pa.decimal128(12, 3),
    pa.decimal128(38, 0),
    pa.decimal256(60, 5),
    pa.dictionary(pa.int8(), pa.int64()),
    pa.dictionary(pa.int8(), pa.float64()),
)


def made(values: list[Any], type: pa.DataType) -> pa.Array | None:
    """Return values as an array of a type, None where it does not hold them."""
    try:
        if pa.types.is_decimal(type):
            values = [None if v is None else Digits(repr(v)) for v in values]
            return pa.array(values, type)
        if pa.types.is_floating(type):
            return pa.array([None if v is None else float(v) for v in values], pa.float64()).cast(type, safe=False)
        if pa.types.is_dictionary(type):
            return pa.array(values, type.value_type).dictionary_encode()
        return pa.array(values, type)
    except (pa.ArrowException, OverflowError, ValueError, ArithmeticError):
        return None


def meaning(array: pa.Array) -> list[Any]:
    """Return what each value is in an event."""
    return [
        float(value) if isinstance(value, Digits) or "float" in type(value).__name__ else value
        for value in array.to_pylist()
    ]


def wrong_column(rng: Random, field: Field, values: list[Any]) -> Column:
    rows = len(values)
    wrong = [
        pa.array([b"x"] * rows, pa.binary()),
        pa.array([[1]] * rows, pa.list_(pa.int64())),
        pa.array([1] * rows, pa.duration("s")),
        pa.array([datetime.time(1)] * rows, pa.time64("us")),
        pa.array([datetime.datetime(2026, 1, 1)] * rows, pa.timestamp("ms")),
        pa.array([1] * rows, pa.int64())
        if not isinstance(field, Integer | Decimal)
        else pa.array(["1"] * rows, pa.string()),
    ]
    return Column(rng.choice(wrong), [None] * rows, wrong=True)


def kept_columns(rng: Random, rows: int) -> dict[str, pa.Array]:
    """Return columns of the caller's own, which come back as they are."""
    some = {
        "label": pa.array([True] * rows, pa.bool_()),
        "Label": pa.array([3] * rows, pa.int8()),
        "__row": pa.array([0] * rows, pa.int64()),
        "row": pa.array(["x"] * rows, pa.string()),
        "wait": pa.array([5] * rows, pa.duration("us")),
        "at": pa.array([1_767_225_600_000_000] * rows, pa.timestamp("us", "Europe/Paris")),
        "half": pa.array([1.5] * rows, pa.float64()).cast(pa.float32()),
        "deep": pa.array([{"a": [1, 2]}] * rows, pa.struct({"a": pa.list_(pa.int64())})),
        "exact": pa.array([Digits("1.10")] * rows, pa.decimal128(5, 2)),
        "none": pa.nulls(rows),
    }
    return {name: some[name] for name in rng.sample(sorted(some), rng.randrange(4))}
