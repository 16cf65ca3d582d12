"""pandas to Arrow, a column at a time, so that what can't be read is named. No import of pandas: the caller has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ..errors import InvalidTable, shown
from ..field import is_well_formed

_FAMILIES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (datetime, "datetime"),
    (date, "date"),
    (str, "str"),
)


def pandas_names(frame: Any) -> Sequence[str]:
    """Return the names of a frame's columns, and of the levels of its index that have one."""
    return [str(name) for name in (*frame.columns, *(name for name in frame.index.names if name is not None))]


def as_arrow_table(table: str, frame: Any) -> pa.Table:
    """Return a whole frame, with what pandas needs to give it back as it was."""
    try:
        arrow = pa.Table.from_pandas(frame)
    except Exception as error:  # as in as_arrow_column; the index or a doubled name may be the cause
        for name in frame.columns:
            if list(frame.columns).count(name) == 1:
                as_arrow_column(table, frame, str(name))
        cause = shown(" ".join(str(error).split()))
        raise InvalidTable(
            table, f"it can't be read ({cause}); expected columns of one type and one name each."
        ) from error
    for name in frame.columns:
        _check_objects(table, str(name), frame[name])
    return arrow


def as_arrow_column(table: str, frame: Any, name: str) -> Any:
    """Return one column, or level of the index, as Arrow. A missing number is NaN in pandas, and becomes null.

    Raises:
        InvalidTable: its values are of several types, or of one that Arrow does not have.
    """
    series = _series(frame, name)
    _check_objects(table, name, series)
    try:
        return pa.array(series, from_pandas=True)
    except UnicodeEncodeError as error:
        broken = [
            (row, value) for row, value in enumerate(series) if isinstance(value, str) and not is_well_formed(value)
        ]
        if not broken:
            raise
        row, text = broken[0]
        raise InvalidTable(
            table,
            f"{len(broken)} rows are refused; the first is row {row}, whose {name} is {shown(text)}, with a lone surrogate; expected text "
            'that UTF-8 has. Read it in its own encoding, or leave these out: .str.encode("utf-8", "ignore").str.decode("utf-8").',
            refused=len(broken),
            row=row,
            field=name,
            value=text,
        ) from error
    except Exception as error:  # Arrow raises what it likes for values that it does not know
        cause = shown(" ".join(str(error).split()))
        value = series.iloc[0] if len(series) else None
        raise InvalidTable(
            table,
            f"column {name} of type {series.dtype} can't be read ({cause}), the first is {shown(value)}; expected numbers, strings, booleans "
            "or times. Convert it by .astype(…), or leave it out.",
            field=name,
            value=value,
        ) from error


def _series(frame: Any, name: str) -> Any:
    for column in frame.columns:
        if str(column) == name:
            return frame[column]
    return frame.index.get_level_values(name).to_series()


def _check_objects(table: str, name: str, series: Any) -> None:
    """Refuse objects of several types: Arrow takes the first one's, which makes a datetime among dates a date."""
    if series.dtype != object:
        return
    present = ~series.isna().to_numpy()
    types = set(map(type, series[present]))
    if len(types) <= 1 and not any(issubclass(kind, datetime) for kind in types):
        return
    seen: tuple[str, int, Any] | None = None
    for row, value in enumerate(series):
        if present[row]:
            kind = _family(value)
            seen = seen or (kind, row, value)
            if kind != seen[0]:
                raise InvalidTable(
                    table,
                    f"column {name} has values of several types: row {seen[1]} is {shown(seen[2])}, row {row} is {shown(value)}; "
                    f'expected one type. Convert it, for instance by df["{name}"].astype(str) or pd.to_numeric(df["{name}"]).',
                    row=row,
                    field=name,
                    value=value,
                )


def _family(value: Any) -> str:
    """Return what a value is to Arrow: integers, floats and decimals go together, times with and without a zone do not."""
    for type_, word in _FAMILIES:
        if isinstance(value, type_):
            return "datetime with a zone" if getattr(value, "tzinfo", None) is not None else word
    name = type(value).__name__
    if name in ("bool_", "bool"):
        return "bool"
    if isinstance(value, int | float | Decimal) or hasattr(value, "__index__") or name.startswith("float"):
        return "number"
    return "datetime" if name == "datetime64" else name
