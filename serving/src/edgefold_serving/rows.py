"""Rows of features to the model's input tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .errors import InvalidRows
from .manifest import Feature, Manifest

Inputs = dict[str, npt.NDArray[Any]]


def as_inputs(manifest: Manifest, rows: Any) -> tuple[Inputs, int]:
    """Return the input tensors of rows and their number: ``numbers`` (N, n) float64, ``strings`` (N, k).

    ``rows`` is a list of feature dicts, as ``features(…)`` gives, or a table with the feature columns (Arrow, pandas, polars).

    Raises:
        InvalidRows: a feature is missing or of a wrong type.
    """
    columns, count = _columns(manifest, rows)
    inputs: Inputs = {}
    for tensor in manifest.inputs:
        own = sorted((f for f in manifest.features if f.input == tensor.name), key=lambda feature: feature.column)
        convert = _numbers if tensor.name == "numbers" else _strings
        inputs[tensor.name] = np.column_stack([convert(feature, columns[feature.name]) for feature in own])
        inputs[tensor.name] = inputs[tensor.name].reshape(count, len(own))
    return inputs, count


def _columns(manifest: Manifest, rows: Any) -> tuple[Mapping[str, Sequence[Any]], int]:
    if hasattr(rows, "__arrow_c_stream__") or isinstance(rows, pa.Table):
        table = rows if isinstance(rows, pa.Table) else pa.table(rows)
        missing = next((f.name for f in manifest.features if f.name not in table.column_names), None)
        if missing is not None:
            raise InvalidRows(missing, None, f"a column beside {', '.join(table.column_names)}")
        return {feature.name: table[feature.name].to_pylist() for feature in manifest.features}, table.num_rows
    if (
        not isinstance(rows, Sequence)
        or isinstance(rows, str | bytes)
        or not all(isinstance(row, Mapping) for row in rows)
    ):
        raise InvalidRows("rows", type(rows).__name__, "a list of feature dicts, or a table")
    for row in rows:
        for feature in manifest.features:
            if feature.name not in row:
                raise InvalidRows(feature.name, None, f"a value in each row; this one has {', '.join(map(str, row))}")
    return {feature.name: [row[feature.name] for row in rows] for feature in manifest.features}, len(rows)


def _numbers(feature: Feature, values: Sequence[Any]) -> npt.NDArray[np.float64]:
    for value in values:
        if value is not None and not isinstance(value, int | float | np.number):
            raise InvalidRows(feature.name, value, "a number, or None where it is missing")
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _strings(feature: Feature, values: Sequence[Any]) -> npt.NDArray[np.object_]:
    """A missing string is empty in the tensor: ONNX has no null."""
    texts = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        missing = value is None or (isinstance(value, float) and np.isnan(value))
        if not missing and not isinstance(value, str):
            raise InvalidRows(feature.name, value, "a string, or None where it is missing")
        texts[index] = "" if missing else value
    return texts
