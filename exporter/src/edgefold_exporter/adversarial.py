"""Rows made to find a difference: at, and one double beside, each place where the model decides; and every odd value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import OTHER, Column, Floats, Lookup, Numeric
from .compile import Compiled
from .reference import Reference
from .rows import Rows, joined
from .trees import Ensemble, Split

ODD_NUMBERS = (np.nan, 0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-300, 1e300, -1e300, 1.7e308, -1.7e308)
UNSEEN = ("never seen", "\U0001f63a", " ", "nan", "None", "\u00e9", "e\u0301")
LARGEST = float(np.finfo(np.float64).max)
BASES = 5
"""Rows of X that each odd value is put into."""
MIXED = 500
POOL = 2_000
"""Rows of X among which one that reaches a tree's node is looked for."""


def adversarial_rows(compiled: Compiled, reference: Reference, pool: Rows) -> tuple[Rows, int]:
    """Return rows of the model's features, and how many odd values the model refuses, which are left out.

    They are rows of ``pool`` with one feature replaced and, for trees, with several.
    """
    bases = np.linspace(0, pool.count - 1, BASES).astype(np.int64)
    odd, refused = {}, 0
    for name in reference.features:
        values = _odd_values(compiled, name, pool.columns[name])
        taken = reference.answers(_replaced(pool, np.zeros(len(values), dtype=np.int64), name, values)).taken
        refused += int((~taken).sum())
        odd[name] = values[taken] if taken.any() else pool.columns[name][:1]
    parts = [_replaced(pool, np.tile(bases, len(v)), name, np.repeat(v, len(bases))) for name, v in odd.items()]
    if compiled.ensemble is not None:  # a sum of several huge terms depends on its order, and no row of a spec has them
        parts += [*_threshold_rows(compiled.ensemble, pool), _mixed(pool, odd)]
    return joined(parts), refused


def _odd_values(compiled: Compiled, name: str, seen: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what to put into a feature, as an array of its type."""
    own = [column for column in compiled.columns if column.feature == name]
    if seen.dtype == object:
        known = {value for column in own if isinstance(column, Lookup) for value in column.known}
        values = sorted({str(value) for value in known} | {value for value in seen if value is not None})
        around = [text for value in values for text in (value + " ", value.upper(), value.lower(), value[:-1])]
        return np.array([None, *values, *UNSEEN, *(text for text in dict.fromkeys(around) if text)], dtype=object)
    edges = np.array(list(dict.fromkeys(value for column in own for value in _edges(column))))
    odd = np.concatenate([ODD_NUMBERS, edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)])
    infinite = compiled.ensemble is not None and all(_is_raw(column) for column in own)
    return np.concatenate([odd, [np.inf, -np.inf]]) if infinite else odd


def _is_raw(column: Column) -> bool:
    """Whether a tree sees the feature itself; scikit-learn's transformers raise on infinity."""
    return isinstance(column, Numeric) and not column.steps


def _mixed(pool: Rows, odd: Mapping[str, npt.NDArray[Any]]) -> Rows:
    """Return rows of which each feature is, by chance, that of some row of the pool or an odd one."""
    rng = np.random.default_rng(0)
    columns = {}
    for name, values in odd.items():
        common = pool.columns[name][rng.integers(0, pool.count, MIXED)]
        columns[name] = np.where(rng.random(MIXED) < 0.5, common, values[rng.integers(0, len(values), MIXED)])
    return Rows(columns, MIXED)


def _edges(column: Column) -> Iterator[float]:
    """Yield where a column's steps and tables change their behaviour."""
    steps = column.steps if isinstance(column, Numeric) else column.base.steps if column.base is not None else ()
    for step in steps:
        yield step.value
    if isinstance(column, Lookup):
        yield from (value for value in column.known if isinstance(value, float))


def _replaced(pool: Rows, bases: npt.NDArray[np.int64], name: str, values: npt.NDArray[Any]) -> Rows:
    rows = pool.take(bases)
    return Rows({**rows.columns, name: values}, rows.count)


def _threshold_rows(ensemble: Ensemble, pool: Rows) -> Iterator[Rows]:
    """Yield, for each node on a number, a row that reaches the node with the number at, one double over and one under its threshold."""
    matrix = [_values(column, pool) for column in ensemble.columns]
    wanted: dict[str, tuple[list[int], list[float]]] = {}
    for tree in ensemble.trees:
        reach = _reaching(tree.splits, matrix, pool.count)
        for split, row in zip(tree.splits, reach, strict=True):
            column = ensemble.columns[split.column]
            if isinstance(column, Numeric):
                last = largest_at_most(column, split.threshold)
                beside = [last, np.nextafter(last, np.inf), np.nextafter(last, -np.inf), np.nan]
                rows, values = wanted.setdefault(column.feature, ([], []))
                rows += [row] * len(beside)
                values += beside if _is_raw(column) else np.clip(beside, -LARGEST, LARGEST).tolist()
    for name, (rows, values) in wanted.items():
        yield _replaced(pool, np.array(rows), name, np.array(values))


def _values(column: Column, pool: Rows) -> Floats:
    source = pool.columns[column.feature]
    if isinstance(column, Numeric):
        return column.apply(source.astype(np.float64))
    seen = source if column.base is None else column.base.apply(source.astype(np.float64))
    known = {value: value for value in column.known}
    missing = [value is None or value != value for value in seen]  # noqa: PLR0124  # NaN
    keys = [column.missing if absent else known.get(value, OTHER) for value, absent in zip(seen, missing, strict=True)]
    return np.array([column.function(key) for key in keys], dtype=np.float64)


def _reaching(splits: Sequence[Split], matrix: list[Floats], count: int) -> list[int]:
    """Return a row that reaches each node, or one that reaches the nearest node above it."""
    at: dict[int, npt.NDArray[np.int64]] = {0: np.arange(count)}
    found: dict[int, int] = {}
    for number, split in enumerate(splits):
        rows = at.pop(number)
        found.setdefault(number, int(rows[0]) if len(rows) else 0)
        values = matrix[split.column][rows]
        left = np.where(np.isnan(values), split.missing_left, values <= split.threshold).astype(bool)
        for child, side in ((split.left, rows[left]), (split.right, rows[~left])):
            if isinstance(child, int):
                at[child] = side
                if not len(side):
                    found[child] = found[number]
    return [found[number] for number in range(len(splits))]


def largest_at_most(column: Numeric, threshold: float) -> float:
    """Return the largest double x whose column is at most the threshold; every step grows with x."""
    if not column.steps:
        return threshold
    low, high = _ordinal(-np.inf), _ordinal(np.inf)
    while low < high:
        middle = (low + high + 1) // 2
        if bool(column.apply(np.array([_double(middle)]))[0] <= threshold):
            low = middle
        else:
            high = middle - 1
    return _double(low)


def _ordinal(value: float) -> int:
    bits = int(np.array(value).view(np.int64))
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _double(ordinal: int) -> float:
    magnitude = np.array(abs(ordinal), dtype=np.int64).view(np.float64)
    return float(-magnitude if ordinal < 0 else magnitude)
