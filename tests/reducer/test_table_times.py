"""Units of time and zones: what each gives, or what its refusal says to type."""

from __future__ import annotations

import datetime
import re
from typing import Any

import edgefold_reducer as ef
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from edgefold_reducer.table.times import to_ms
from edgefold_reducer.times import UNITS, as_ms

from .shop_tables import ALL, ORDERS, ROWS, SPEC, frame_of, refusal


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
