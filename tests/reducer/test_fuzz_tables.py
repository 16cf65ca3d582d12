"""A short slice of the fuzz of tables, and that it sees planted faults. EDGEFOLD_SEED and EDGEFOLD_COUNT make it a long one."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from edgefold_reducer.table import convert, events, frame, given, load, long, lookup, need, pandas_given, states, times

from . import fuzz_tables

SEED = int(os.environ.get("EDGEFOLD_SEED", "1"))
COUNT = int(os.environ.get("EDGEFOLD_COUNT", "100"))
UNTIL_SEEN = 150
"""Cases until which each planted fault must be seen; most are within 50."""


def test_a_table_trains_as_its_rows_told_as_events_or_both_refuse() -> None:
    refused = fuzz_tables.run(SEED, range(COUNT))
    assert 0.1 * COUNT < refused < 0.8 * COUNT, "neither side of the comparison is left out"


def rounded_times(original: Any) -> Any:
    def planted(array: Any, unit: str | None) -> Any:
        milliseconds, refused = original(array, unit)
        return np.where(milliseconds % 1000 == 999, milliseconds + 1, milliseconds), refused

    return planted


def half_down(original: Any) -> Any:
    def planted(array: Any, scale: int) -> Any:
        column, refused = original(array, scale)
        values = column.to_pylist()
        return pa.array([v - 1 if v == 13 else v for v in values], pa.int64()), refused

    return planted


def zero_for_nan(frame: Any) -> Any:
    return frame.assign(**{name: frame[name].fillna(0) for name in frame if frame[name].dtype.kind == "f"})


FAULTS: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "times rounded to seconds": (need, "to_ms", rounded_times),
    "a half rounded down": (need, "decimals", half_down),
    "zones mixed": (times, "zone_of", lambda original: lambda _: None),
    "refused rows taken": (
        need.Need,
        "exact",
        lambda original: lambda self, array: (original(self, array)[0], np.zeros(len(array), np.bool_)),
    ),
    "ties broken by the value": (states, "MOMENT", lambda original: original.replace("s := e.seq", "s := 0")),
    "an absent property as the wrong one": (
        long,
        "_plain",
        lambda original: lambda value: 7 if value == 0 and value is not False else original(value),
    ),
    "a missing column taken as missing": (
        lookup,
        "column_of",
        lambda original: (
            lambda place, name, there, optional=False: (
                None if optional and name not in there else original(place, name, there, optional=optional)
            )
        ),
    ),
    "NaN of pandas as a number": (
        pandas_given,
        "as_arrow_column",
        lambda original: lambda table, frame, name: original(table, zero_for_nan(frame), name),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fuzz_sees_a_planted_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, plant = FAULTS[fault]
    planted = plant(getattr(where, name))
    for module in (
        where,
        events,
        frame,
        given,
        load,
        lookup,
        need,
        convert,
        long,
        states,
    ):  # wherever it is imported by name
        if hasattr(module, name):
            monkeypatch.setattr(module, name, planted)
    with pytest.raises(AssertionError, match=r"seed 1, case \d+"):
        fuzz_tables.run(1, range(UNTIL_SEEN))
