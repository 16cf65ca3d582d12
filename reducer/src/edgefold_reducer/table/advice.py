"""What to type next, where a column is of a type that a field can't have."""

from __future__ import annotations

import pyarrow as pa

from .convert import decoded, is_text

_PANDAS = {
    ("number", "text"): 'df["{c}"] = pd.to_numeric(df["{c}"])',
    ("number", "boolean"): 'df["{c}"] = df["{c}"].astype(int)',
    ("time", "text"): 'df["{c}"] = pd.to_datetime(df["{c}"])',
    ("time", "period"): 'df["{c}"] = df["{c}"].dt.start_time',
    ("time", "number"): 'df = df.dropna(subset=["{c}"]).astype({{"{c}": "int64"}})',
    ("subject", "number"): 'df = df.dropna(subset=["{c}"]).astype({{"{c}": "int64"}})',
    ("boolean", "number"): 'df["{c}"] = df["{c}"] != 0',
    ("boolean", "text"): 'df["{c}"] = df["{c}"].map({{"true": True, "false": False}})',
    ("text", "bytes"): 'df["{c}"] = df["{c}"].str.decode("utf-8")',
    ("subject", "bytes"): 'df["{c}"] = df["{c}"].str.decode("utf-8")',
    ("text", "other"): 'df["{c}"] = df["{c}"].astype(str)',
    ("subject", "other"): 'df["{c}"] = df["{c}"].astype(str)',
}
_POLARS = {
    ("number", "text"): 'df = df.with_columns(pl.col("{c}").cast(pl.Float64))',
    ("number", "boolean"): 'df = df.with_columns(pl.col("{c}").cast(pl.Int64))',
    ("time", "text"): 'df = df.with_columns(pl.col("{c}").str.to_datetime())',
    ("time", "number"): 'df = df.drop_nulls("{c}").with_columns(pl.col("{c}").cast(pl.Int64))',
    ("subject", "number"): 'df = df.drop_nulls("{c}").with_columns(pl.col("{c}").cast(pl.Int64))',
    ("boolean", "number"): 'df = df.with_columns(pl.col("{c}") != 0)',
    ("boolean", "text"): 'df = df.with_columns(pl.col("{c}") == "true")',
    ("text", "other"): 'df = df.with_columns(pl.col("{c}").cast(pl.String))',
    ("subject", "other"): 'df = df.with_columns(pl.col("{c}").cast(pl.String))',
}
_SQL = {
    "number": "CAST({c} AS DOUBLE)",
    "time": "CAST({c} AS TIMESTAMP)",
    "subject": "CAST({c} AS BIGINT)",
    "boolean": "CAST({c} AS BOOLEAN)",
    "text": "CAST({c} AS VARCHAR)",
}


def type_advice(kind: str, type: pa.DataType, library: str, column: str) -> str:
    """Return how to make a column of this type one of a kind that is needed: number, text, boolean, time or subject."""
    found = _class_of(decoded(type))
    recipes = {"pandas": _PANDAS, "polars": _POLARS}.get(library)
    if recipes is None:
        name = '"' + column.replace('"', '""') + '"'
        return f"Convert it first, in SQL: {_SQL[kind].format(c=name)}."
    recipe = recipes.get((kind, found)) or (recipes.get((kind, "other")) if found not in ("nested", "bytes") else None)
    if recipe is None:
        return "Name another column by columns=, or derive such a one from it."
    return f"Convert it first: {recipe.format(c=column)}"


def _class_of(type: pa.DataType) -> str:
    if is_text(type):
        return "text"
    if pa.types.is_boolean(type):
        return "boolean"
    if pa.types.is_floating(type) or pa.types.is_integer(type) or pa.types.is_decimal(type):
        return "number"
    if getattr(type, "extension_name", "") == "pandas.period":
        return "period"
    if pa.types.is_nested(type):
        return "nested"
    return "bytes" if pa.types.is_binary(type) or pa.types.is_large_binary(type) else "other"
