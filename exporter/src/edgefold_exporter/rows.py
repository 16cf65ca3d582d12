"""The caller's X as rows of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import edgefold_reducer as ef
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .columns import Column, Numeric, Value, is_missing, text_column
from .errors import InvalidTrainingData

Array = npt.NDArray[Any]
_NEVER_MISSING = ("count", "total", "distinct")


@dataclass(frozen=True)
class Rows:
    """N rows: a column a feature, float64 with NaN, or objects (strings) with None where it is missing."""

    columns: Mapping[str, Array]
    count: int

    def take(self, indices: npt.NDArray[np.int64]) -> Rows:
        """Return some rows, in the order of ``indices``."""
        return Rows({name: column[indices] for name, column in self.columns.items()}, len(indices))

    def row(self, index: int) -> dict[str, Any]:
        """Return one row as features(…) gives it."""
        return {
            name: column[index] if column.dtype == object else float(column[index])
            for name, column in self.columns.items()
        }

    def table(self) -> pa.Table:
        """Return the rows as an Arrow table."""
        types = {name: pa.string() if c.dtype == object else pa.float64() for name, c in self.columns.items()}
        return pa.table({name: pa.array(c, types[name], from_pandas=False) for name, c in self.columns.items()})


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts."""
    names = list(parts[0].columns)
    return Rows(
        {name: np.concatenate([part.columns[name] for part in parts]) for name in names}, sum(p.count for p in parts)
    )


def as_rows(spec: ef.Spec, X: Any) -> tuple[Rows, tuple[Value, ...]]:  # noqa: N803  # scikit-learn's name
    """Return X as rows, and the markers of missing strings that its own library shows the model (none where it has none).

    ``X`` is a table (Arrow, pandas, polars), a list of feature dicts, or an array with the spec's columns in order.

    Raises:
        InvalidTrainingData: a column is no feature of the spec, or has a wrong type.
    """
    columns, markers = _columns(spec, X)
    types = {column.name: column.type for column in spec.columns}
    extra = [name for name in columns if name not in types]
    if extra:
        raise InvalidTrainingData(
            "X",
            f"a table with {', '.join(map(str, extra))}",
            "the spec's features only: X[[c.name for c in spec.columns]]",
        )
    made = {
        name: (_numbers if types[name] == "number" else _texts)(name, values)
        for name, values in columns.items()  # in X's own order: a model without names was fitted on that
    }
    counts = {len(column) for column in made.values()}
    if len(counts) != 1 or counts == {0}:
        raise InvalidTrainingData("X", X, "rows of the spec's features, at least one")
    return Rows(made, counts.pop()), markers


def _columns(spec: ef.Spec, X: Any) -> tuple[dict[Any, Any], tuple[Value, ...]]:  # noqa: N803
    if hasattr(X, "iloc") and hasattr(X, "columns"):  # pandas
        names = [str(name) for name in X.columns]
        if len(set(names)) != len(names):
            raise InvalidTrainingData("X", names, "each column once")
        columns = {name: _from_pandas(X.iloc[:, place]) for place, name in enumerate(names)}
        texts = [columns[c.name] for c in spec.columns if c.type == "string" and c.name in columns]
        found = {value is None for column in texts for value in column if is_missing(value)}
        return columns, tuple(None if none else float("nan") for none in sorted(found))
    if isinstance(X, pa.Table) or hasattr(X, "__arrow_c_stream__"):
        table = X if isinstance(X, pa.Table) else pa.table(X)
        markers: tuple[Value, ...] = () if isinstance(X, pa.Table) else (None,)  # polars shows None
        return {name: _from_arrow(table[name]) for name in table.column_names}, markers
    if isinstance(X, np.ndarray) and X.ndim == 2:
        if X.shape[1] != len(spec.columns):
            raise InvalidTrainingData(
                "X", f"an array of {X.shape[1]} columns", f"the spec's {len(spec.columns)}, in order"
            )
        return {column.name: X[:, place].astype(object) for place, column in enumerate(spec.columns)}, ()
    if isinstance(X, Sequence) and X and all(isinstance(row, Mapping) for row in X):
        names = list(X[0])
        if any(list(row) != names for row in X):
            raise InvalidTrainingData("X", "a list of differing rows", "the same features in each")
        return {name: np.array([row[name] for row in X], dtype=object) for name in names}, ()
    raise InvalidTrainingData("X", type(X).__name__, "a table, a list of feature dicts, or a 2-D array")


def _from_pandas(column: Any) -> Array:
    plain = getattr(column.dtype, "kind", "O") in "iufb"
    values: Array = column.to_numpy(dtype=np.float64, na_value=np.nan) if plain else column.to_numpy(dtype=object)
    return values


def _from_arrow(column: pa.ChunkedArray) -> Array:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers: Array = column.cast(pa.float64(), safe=False).to_numpy()
        return numbers
    return np.array(column.to_pylist(), dtype=object)


def _numbers(name: str, values: Array) -> Array:
    if values.dtype == np.float64:
        return values
    for value in values:
        if not (is_missing(value) or _is_na(value) or isinstance(value, int | float | np.number | np.bool_)):
            raise InvalidTrainingData(f"feature {name}", value, "numbers, NaN where missing")
    return np.array([np.nan if value is None or _is_na(value) else value for value in values], dtype=np.float64)


def _texts(name: str, values: Array) -> Array:
    texts = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        if is_missing(value) or _is_na(value):
            continue  # an array of objects starts as None
        if not isinstance(value, str) or not value:
            raise InvalidTrainingData(
                f"feature {name}",
                value,
                "texts of some length, None or NaN where missing (an empty one counts as missing)",
            )
        texts[index] = str(value)
    return texts


def _is_na(value: Any) -> bool:
    return type(value).__name__ in ("NAType", "NaTType")


def source_columns(spec: ef.Spec, names: Sequence[str], missing: Value) -> list[Column]:
    """Return the columns of the named features before any transformer. ``missing`` is the marker of a missing string."""
    nodes = {feature.name: feature.node for feature in spec.features}
    found = {column.name: column for column in spec.columns}
    made: list[Column] = []
    for name in names:
        column = found[name]
        node: Any = nodes[column.feature]
        always = column.key is not None or getattr(node, "aggregate", None) in _NEVER_MISSING
        nullable = column.default is None and not always
        if column.type == "number":
            made.append(Numeric(name, nullable))
        else:
            kind = node.value.type if hasattr(node, "aggregate") else node.field
            made.append(text_column(name, getattr(kind, "values", None), nullable, missing))
    return made
