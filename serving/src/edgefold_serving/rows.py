"""Rows of features to the model's input tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .errors import InvalidRows
from .manifest import Feature, Manifest

Inputs = dict[str, npt.NDArray[Any]]
_UNHELD = re.compile("[\0\ud800-\udfff]")
"""What onnxruntime's strings can't hold in every language: the page's end at a NUL, and UTF-8 has no lone surrogate."""
_REPLACEMENT = "\ufffd"
NUMBER, STRING = "a number, or None where it is missing", "a string, or None where it is missing"


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
        inputs[tensor.name] = np.column_stack([columns[feature.name] for feature in own]).reshape(count, len(own))
    return inputs, count


def _columns(manifest: Manifest, rows: Any) -> tuple[Mapping[str, npt.NDArray[Any]], int]:
    if hasattr(rows, "__arrow_c_stream__"):
        try:
            table = rows if isinstance(rows, pa.Table) else pa.table(rows)
        except pa.ArrowException as error:  # a pandas column of mixed objects has no Arrow type
            raise InvalidRows("rows", str(error), "a table whose columns have one type each") from None
        missing = next((f.name for f in manifest.features if f.name not in table.column_names), None)
        if missing is not None:
            raise InvalidRows(missing, None, f"a column beside {', '.join(table.column_names)}")
        return {f.name: _from_arrow(f, table[f.name]) for f in manifest.features}, table.num_rows
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
    return {f.name: _from_values(f, [row[f.name] for row in rows]) for f in manifest.features}, len(rows)


def _from_arrow(feature: Feature, column: pa.ChunkedArray) -> npt.NDArray[Any]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if feature.type == "number":
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or kind in (pa.bool_(), pa.null())):
            raise InvalidRows(feature.name, f"a column of {kind}", NUMBER)
        numbers: npt.NDArray[Any] = column.cast(pa.float64(), safe=False).to_numpy()
        return numbers
    if pa.types.is_floating(kind) and pc.all(pc.is_null(column, nan_is_null=True)).as_py() is not False:
        return np.full(len(column), "", dtype=object)  # so some libraries hold a column of missing strings
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind in (pa.string_view(), pa.null())):
        raise InvalidRows(feature.name, f"a column of {kind}", STRING)
    texts: npt.NDArray[Any] = (
        pc.replace_substring(pc.fill_null(column.cast(pa.large_string()), ""), "\0", _REPLACEMENT)
        .to_numpy()
        .astype(object)
    )
    return texts


def _from_values(feature: Feature, values: Sequence[Any]) -> npt.NDArray[Any]:
    if feature.type == "number":
        for value in values:
            if value is not None and not isinstance(value, int | float | np.number):
                raise InvalidRows(feature.name, value, NUMBER)
        try:
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        except OverflowError:
            raise InvalidRows(
                feature.name, f"an integer of more than {2**10} bits", "a number of at most 1.8e308"
            ) from None
    texts = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        missing = value is None or (isinstance(value, float) and np.isnan(value))
        if not missing and not isinstance(value, str):
            raise InvalidRows(feature.name, value, STRING)
        texts[index] = (
            "" if missing else _UNHELD.sub(_REPLACEMENT, value)
        )  # a missing string is empty in the tensor: ONNX has no null
    return texts
