"""Units of time and zones: what a table's times are as ms since the Unix epoch."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..canonical import MAX_SAFE_INTEGER
from ..errors import InvalidTable, shown
from ..times import UNITS, as_ms, is_plausible, safe_count, unit_advice

__all__ = ["UNITS", "Milliseconds", "moment_ms", "raw_count", "to_ms", "zone_of"]

Milliseconds = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000


def zone_of(type: pa.DataType) -> bool | None:
    """Whether times of this type have a zone; None where they are integers, which count from a moment."""
    if pa.types.is_timestamp(type):
        return type.tz is not None
    return False if pa.types.is_date(type) else None


def to_ms(array: pa.Array, unit: str | None) -> tuple[Milliseconds, npt.NDArray[np.bool_]]:
    """Return times as ms since the Unix epoch, floored, and which are none of 0 .. 2^53 - 1 (nulls among them)."""
    kind = array.type
    missing = array.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(kind):
        unit, array = kind.unit, array.cast(pa.int64())
    elif pa.types.is_date32(kind):
        array = pc.multiply(array.cast(pa.int32()).cast(pa.int64()), _DAY_MS)
        unit = "ms"
    elif pa.types.is_date64(kind):
        unit, array = "ms", array.cast(pa.int64())
    counts = array.fill_null(0).to_numpy(zero_copy_only=False)
    refused = missing | (counts < 0)
    if counts.dtype == np.uint64:
        refused |= counts > np.uint64(2**63 - 1)
    counts = np.where(refused, 0, counts).astype(np.int64)
    multiple, divisor = UNITS[unit or "ms"]
    refused |= counts > MAX_SAFE_INTEGER // multiple * divisor + divisor - 1
    return np.where(refused, 0, counts) * multiple // divisor, refused


def raw_count(value: Any) -> int | None:
    """Return the integer that a time of a table may have been before somebody read it in a wrong unit."""
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):  # pandas reads a bare integer as nanoseconds
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1) * 1000 + getattr(value, "nanosecond", 0)
    return None


def moment_ms(time: object, unit: str | None) -> tuple[int, bool | None]:
    """Return the moment of ``profiles_at`` in ms since the Unix epoch, and whether it has a zone (None: an integer).

    Raises:
        InvalidTable: it is no time, or an integer outside 1990 to 2200 though no unit says so.
    """
    if isinstance(time, date) and type(time).__name__ != "NaTType":  # pandas' missing time is a datetime
        moment = time if isinstance(time, datetime) else datetime(time.year, time.month, time.day)
        zoned = moment.tzinfo is not None
        return ((moment if zoned else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1), zoned
    count = safe_count(time)
    milliseconds = None if count is None else as_ms(count, unit or "ms")
    if count is None or (milliseconds is None and unit is not None):
        raise InvalidTable(
            "time",
            f"it is {shown(time)}; expected a datetime, or an integer in ms since 1970. Convert it, for instance by pandas.Timestamp(time).",
            field="time",
            value=time,
        )
    if milliseconds is None or (unit is None and not is_plausible(milliseconds)):
        raise InvalidTable("time", f"it is {count}. {unit_advice(count)}", field="time", value=time)
    return milliseconds, None
