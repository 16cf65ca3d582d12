"""What a table must hold: each column's rule, from the type that is there to exact values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..canonical import MAX_SAFE_INTEGER
from ..field import Boolean, Decimal, Enum, Field, Integer
from ..replica import REPLICA_PATTERN
from .convert import (
    Converted,
    booleans,
    decimals,
    decode,
    decoded,
    is_boolean,
    is_number,
    is_text,
    is_uuid,
    texts,
    uuids,
    whole_numbers,
)
from .sql import field_column
from .times import to_ms


@dataclass(frozen=True)
class Need:
    """A column that is read: by which name the spec knows it, what is expected of it, and how it becomes exact."""

    name: str
    kept_as: str
    """The column's name in DuckDB."""
    kind: str
    """For advice: number, text, boolean, time or subject."""
    expected: str
    type: pa.DataType
    """Of the exact column; a subject's may also be another."""
    takes: Callable[[pa.DataType], bool]
    convert: Callable[[pa.Array], Converted]
    optional: bool = False
    accept: Callable[[object], Any] | None = None
    """The same rule for a value of a JSON object."""

    def exact(self, array: pa.Array) -> Converted:
        """Return a column of a type that this need takes, or of nulls, as exact values."""
        values = decode(array)
        if pa.types.is_null(values.type):
            column, refused = pa.nulls(len(values), self.type), np.zeros(len(values), np.bool_)
        else:
            column, refused = self.convert(values)
        if not self.optional:
            refused = refused | values.is_null().to_numpy(zero_copy_only=False)
        return column, refused

    def takes_type(self, type: pa.DataType) -> bool:
        """Whether a column of this type can hold what is needed."""
        return bool(pa.types.is_null(decoded(type)) or self.takes(decoded(type)))


def field_need(name: str, field: Field, *, optional: bool, kept_as: str | None = None) -> Need:
    """Return what a field, or an attribute, needs."""
    kept = kept_as or field_column(name)

    def need(
        kind: str,
        expected: str,
        type: pa.DataType,
        takes: Callable[[pa.DataType], bool],
        convert: Callable[[pa.Array], Converted],
    ) -> Need:
        return Need(name, kept, kind, expected, type, takes, convert, optional, field.accept)

    if isinstance(field, Integer):
        return need("number", "an integer, |n| < 2^53", pa.int64(), is_number, whole_numbers)
    if isinstance(field, Decimal):
        expected, scale = f"a number, |x| * 10^{field.scale} < 2^53", field.scale
        return need("number", expected, pa.int64(), is_number, lambda array: decimals(array, scale))
    if isinstance(field, Boolean):
        return need("boolean", "true or false", pa.bool_(), is_boolean, booleans)
    if isinstance(field, Enum):
        values = pa.array(field.values, pa.string())
        expected = f"one of {', '.join(field.values)}"
        return need(
            "text", expected, pa.string(), is_text, lambda array: texts(array, lambda text: pc.is_in(text, values))
        )
    longest = field.max
    return need(
        "text",
        f"a string of at most {longest} code points",
        pa.string(),
        is_text,
        lambda array: texts(array, lambda text: pc.less_equal(pc.utf8_length(text), longest)),
    )


def time_need(unit: str | None) -> Need:
    """Return what ``time`` needs; integers are in ``unit``, by default ms."""

    def convert(array: pa.Array) -> Converted:
        milliseconds, refused = to_ms(array, unit)
        return pa.array(milliseconds, mask=refused), refused

    def takes(type: pa.DataType) -> bool:
        return bool(pa.types.is_timestamp(type) or pa.types.is_date(type) or pa.types.is_integer(type))

    expected = f"a timestamp, a date, or an integer in {unit or 'ms'} since 1970, of 1970 or later and in ms under 2^53"
    return Need("time", "time", "time", expected, pa.int64(), takes, convert)


def subject_need() -> Need:
    """Return what ``subject`` needs: strings, integers or UUIDs, which stand as their text."""

    def convert(array: pa.Array) -> Converted:
        if pa.types.is_integer(array.type):
            wide = pa.uint64() if pa.types.is_uint64(array.type) else pa.int64()
            return array.cast(wide), np.zeros(len(array), np.bool_)
        return _as_text(array, lambda text: pc.is_valid(text))

    return Need("subject", "subject", "subject", "a string, an integer or a UUID", pa.string(), _takes_id, convert)


def seq_need() -> Need:
    """Return what ``seq`` needs."""
    expected = f"an integer of 1 .. {MAX_SAFE_INTEGER}"
    return Need("seq", "seq", "number", expected, pa.int64(), is_number, lambda array: whole_numbers(array, 1))


def replica_need() -> Need:
    """Return what ``replica`` needs."""
    return Need(
        "replica",
        "replica",
        "text",
        "up to 64 of A-Z, a-z, 0-9, _ and -",
        pa.string(),
        _takes_id,
        lambda array: _as_text(array, lambda text: pc.match_substring_regex(text, f"^(?:{REPLICA_PATTERN})$")),
    )


def _takes_id(type: pa.DataType) -> bool:
    return is_text(type) or is_uuid(type) or bool(pa.types.is_integer(type))


def _as_text(array: pa.Array, fits: Callable[[pa.Array], pa.Array]) -> Converted:
    return texts(uuids(array) if is_uuid(array.type) else array, fits)
