"""The read-out, vectorised: the same double operations as ``features``, on a column at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..node import AggregateNode, AttributeNode, Default, Node, RatioNode
from ..spec import Spec
from .sql import attribute_column

Doubles = npt.NDArray[np.float64]
Columns = Mapping[str, pa.ChunkedArray]
"""State columns, and quantised attributes, by name."""


def doubles(column: pa.ChunkedArray) -> Doubles:
    """Return exact integers as their nearest doubles (ties to even), NaN for null.

    A 64-bit integer converts so in hardware; wider ones, which only sums reach, go through Python's.
    """
    if pa.types.is_decimal(column.type):
        try:
            column = pc.cast(column, pa.int64())
        except pa.ArrowInvalid:
            wide = column.to_pylist()
            return np.array([np.nan if value is None else float(int(value)) for value in wide], dtype=np.float64)
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int64())
    whole: Doubles = column.fill_null(0).to_numpy().astype(np.float64)
    whole[column.is_null().to_numpy()] = np.nan
    return whole


def read_columns(spec: Spec, states: Columns, now_ms: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
    """Return the feature columns in spec order: double, or string."""
    read: dict[str, pa.Array] = {}
    for feature in spec.features:
        value = _read(feature.node, states, now_ms)
        if isinstance(value, list):
            read |= {
                f"{feature.name}={k}": pa.array(v) for k, v in zip(feature.node.vocabulary or (), value, strict=True)
            }
        else:
            read[feature.name] = value if isinstance(value, pa.Array) else pa.array(value)
    return read


def _read(node: Node, states: Columns, now_ms: npt.NDArray[np.int64]) -> Any:
    if isinstance(node, RatioNode):
        a, b = (_read(side, states, now_ms) for side in (node.numerator, node.denominator))
        missing = np.isnan(a) | np.isnan(b) | (b == 0)
        return _or_default(np.divide(a, np.where(missing, 1.0, b)), missing, node.default)
    if isinstance(node, AttributeNode):
        column = states[attribute_column(node.attribute)]
        if node.reads_text:
            return _text(column, node.default)
        value = doubles(column)
        return _or_default(value / float(10 ** getattr(node.field, "scale", 0)), np.isnan(value), node.default)
    return _read_aggregate(node, {name: states[f"{node.hash}_{name}"] for name in _parts(node)}, now_ms)


def _parts(node: AggregateNode) -> list[str]:
    from .states import state_columns

    return list(state_columns(node))


def _read_aggregate(node: AggregateNode, parts: Columns, now_ms: npt.NDArray[np.int64]) -> Any:
    unit = float(10**node.scale)
    if node.vocabulary is not None:
        return [np.nan_to_num(doubles(part)) / unit for part in parts.values()]
    if node.aggregate in ("count", "distinct"):
        count = np.nan_to_num(doubles(parts["n"]))
        return count if node.cap is None else np.minimum(count, float(node.cap))
    if node.aggregate == "total":
        return np.nan_to_num(doubles(parts["sum"])) / unit
    if node.aggregate == "mean":
        counts = parts["n"].fill_null(0).to_numpy()
        none = counts == 0
        scaled = _times(np.where(none, 1, counts), 10**node.scale)
        return _or_default(doubles(parts["sum"]) / scaled, none, node.default)
    if node.aggregate in ("time_since_first", "time_since_last"):
        time = parts["time"]
        none = time.is_null().to_numpy()
        elapsed = now_ms - time.fill_null(0).to_numpy()
        return _or_default(elapsed.astype(np.float64) / float(node.unit_ms or 1), none, node.default)
    column = parts["value"] if "value" in parts else pc.struct_field(parts["edge"], "v")
    if node.reads_text:
        return _text(column, node.default)
    value = doubles(column)
    return _or_default(value / unit, np.isnan(value), node.default)


def _times(counts: npt.NDArray[np.int64], factor: int) -> Doubles:
    """Return exact products as their nearest doubles, also where they pass 64 bits."""
    if int(counts.max(initial=0)) * factor < 2**63:
        product: Doubles = (counts * np.int64(factor)).astype(np.float64)
        return product
    return np.array([float(int(count) * factor) for count in counts], dtype=np.float64)


def _or_default(value: Doubles, missing: npt.NDArray[np.bool_], default: Default) -> Doubles:
    filler = np.nan if default is None else float(default) + 0.0
    return np.where(missing, filler, value)


def _text(column: pa.ChunkedArray, default: Default) -> pa.Array:
    text = pc.cast(column, pa.string()).combine_chunks()
    return text if default is None else text.fill_null(str(default))
