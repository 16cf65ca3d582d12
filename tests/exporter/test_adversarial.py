"""The rows made to find a difference: each place where a model decides has its own, at it and one double beside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from edgefold_exporter.adversarial import adversarial_rows, largest_at_most
from edgefold_exporter.columns import Numeric, Step
from edgefold_exporter.compile import compile_model, split_pipeline
from edgefold_exporter.reference import reference_of
from edgefold_exporter.rows import Rows, as_rows, source_columns
from edgefold_exporter.trees import Ensemble, Tree
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..bundles import NUMBERS, spec, training_rows
from .models import trees


def adversarial(model: Any) -> tuple[Ensemble, Rows, Rows]:
    """Return a fitted model's trees, the rows of X, and the adversarial ones."""
    X, y = training_rows()
    transformers, classifier = split_pipeline(model.fit(X, y))
    rows, markers = as_rows(spec, X)
    reference = reference_of(model, rows, markers, [*transformers, classifier])
    columns = source_columns(spec, reference.features, reference.missing)
    compiled = compile_model(model, columns, [column.name for column in spec.columns])
    assert compiled.ensemble is not None
    own = Rows({name: rows.columns[name] for name in reference.features}, rows.count)
    return compiled.ensemble, own, adversarial_rows(compiled, reference, own)[0]


def reaching(ensemble: Ensemble, tree: Tree, rows: Rows) -> list[Any]:
    """Return, for each node of a tree, which rows come to it."""
    reached = [np.zeros(rows.count, dtype=bool) for _ in tree.splits]
    reached[0][:] = True
    for number, split in enumerate(tree.splits):
        column = ensemble.columns[split.column]
        assert isinstance(column, Numeric)
        x = column.apply(rows.columns[column.feature])
        left = np.where(np.isnan(x), split.missing_left, x <= split.threshold)
        for child, side in ((split.left, left), (split.right, ~left)):
            if isinstance(child, int):
                reached[child] |= reached[number] & side
    return reached


@pytest.mark.parametrize("steps", ["passthrough", StandardScaler()], ids=["raw", "scaled"])
def test_each_threshold_is_tried_at_its_value_and_one_double_over_and_under(steps: Any) -> None:
    """README: "every threshold is tried at its value and one double beside it", by a row that comes to that node."""
    model = make_pipeline(make_column_transformer((steps, NUMBERS)), trees())
    ensemble, pool, tried = adversarial(model)
    checked = 0
    for tree in ensemble.trees[1:]:
        nodes = zip(tree.splits, reaching(ensemble, tree, pool), reaching(ensemble, tree, tried), strict=True)
        for split, by_pool, by_tried in nodes:
            if not by_pool.any():
                continue
            column = ensemble.columns[split.column]
            assert isinstance(column, Numeric)
            last = largest_at_most(column, split.threshold)
            values = tried.columns[column.feature][by_tried]
            wanted = {last, np.nextafter(last, np.inf), np.nextafter(last, -np.inf)}
            assert wanted <= set(values.tolist())
            assert split is not tree.splits[0] or np.isnan(values).any()  # further down NaN may have turned off
            checked += 1
    assert checked > 50


def test_the_largest_double_at_most_a_threshold_is_found_through_the_steps() -> None:
    column = Numeric("x", False, (Step("subtract", 3.7), Step("divide", 0.1)))
    for threshold in (-1e300, -2.5, 0.0, 1e-300, 7.0):
        last = largest_at_most(column, threshold)
        at, over = column.apply(np.array([last, np.nextafter(last, np.inf)]))
        assert at <= threshold < over
    assert largest_at_most(Numeric("x", False), 2.5) == 2.5
