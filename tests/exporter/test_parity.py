"""Export fails closed: a graph that differs from the model in any way is caught, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgefold_exporter import ParityError, export
from edgefold_exporter.compile import Compiled
from edgefold_exporter.parity import check_parity, golden_indices
from edgefold_exporter.reference import reference_of
from edgefold_exporter.rows import Rows, as_rows
from edgefold_exporter.trees import Ensemble, Split, Tree
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ..bundles import NUMBERS, linear_model, spec, training_rows, tree_model
from .models import trees

# the package's own name for these modules is that of the function
EXPORT, COMPILE = import_module("edgefold_exporter.export"), import_module("edgefold_exporter.compile")


def swap_columns(compiled: Compiled) -> Compiled:
    """Give the model one feature in the place of another, as a manifest with two columns swapped would."""
    names = list(compiled.numbers)
    a, b = names.index("orders"), names.index("amount_mean")
    names[a], names[b] = names[b], names[a]
    return replace(compiled, numbers=tuple(names))


def round_thresholds(ensemble: Ensemble) -> Ensemble:
    """Round every threshold to float32, as the default converters do."""
    return _each_split(ensemble, lambda split: replace(split, threshold=float(np.float32(split.threshold))))


def take_thresholds_as_left_out(ensemble: Ensemble) -> Ensemble:
    """Compare by x < t in place of x <= t."""
    return _each_split(ensemble, lambda split: replace(split, threshold=float(np.nextafter(split.threshold, -np.inf))))


def take_thresholds_one_double_later(ensemble: Ensemble) -> Ensemble:
    """Compare by x <= t + the smallest step: only a row one double over the threshold tells."""
    return _each_split(ensemble, lambda split: replace(split, threshold=float(np.nextafter(split.threshold, np.inf))))


def send_missing_right(ensemble: Ensemble) -> Ensemble:
    """Forget which side the model learned for missing values."""
    return _each_split(ensemble, lambda split: replace(split, missing_left=False))


def drop_a_tree(ensemble: Ensemble) -> Ensemble:
    """Leave the last tree out."""
    return replace(ensemble, trees=ensemble.trees[:-1])


def _each_split(ensemble: Ensemble, change: Callable[[Split], Split]) -> Ensemble:
    trees = tuple(Tree(tree.output, tuple(map(change, tree.splits))) for tree in ensemble.trees)
    return replace(ensemble, trees=trees)


def plant(monkeypatch: pytest.MonkeyPatch, module: Any, function: str, fault: Callable[[Any], Any]) -> None:
    """Change what a function of the exporter returns."""
    sound = getattr(module, function)
    monkeypatch.setattr(module, function, lambda *given: fault(sound(*given)))


def check_refused(model: Any, folder: Path) -> ParityError:
    """Export; the parity check must refuse it, and nothing is written."""
    X, y = training_rows()
    with pytest.raises(ParityError) as refused:
        export(model.fit(X, y), spec, X, folder / "bundle")
    assert list(folder.iterdir()) == []
    return refused.value


FAULTS = [
    round_thresholds,
    take_thresholds_as_left_out,
    take_thresholds_one_double_later,
    send_missing_right,
    drop_a_tree,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_trees_is_caught(fault: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant(monkeypatch, COMPILE, "ensemble_of", fault)
    error = check_refused(tree_model(), tmp_path)
    assert error.rows_differ > 0 and set(error.row) >= set(NUMBERS)
    assert error.model != error.bundle


def exchange(operator: str, other: str) -> Callable[[Compiled], Compiled]:
    """Write one operator in the place of another."""

    def change(compiled: Compiled) -> Compiled:
        for node in compiled.onnx.graph.node:
            node.op_type = other if node.op_type == operator else node.op_type
        return compiled

    return change


@pytest.mark.parametrize(
    ("operator", "other"),
    [("Greater", "Less"), ("Sigmoid", "Tanh")],
    ids=["labels that differ where probabilities agree", "probabilities that differ where labels agree"],
)
def test_labels_and_probabilities_are_compared_each(
    operator: str, other: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(monkeypatch, EXPORT, "compile_model", exchange(operator, other))
    error = check_refused(tree_model(), tmp_path)
    labels_differ = error.model[0] != error.bundle[0]
    assert labels_differ == (operator == "Greater") and (error.model[1] == error.bundle[1]) == labels_differ


@pytest.mark.parametrize("make", [tree_model, linear_model])
def test_two_swapped_columns_are_caught(make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant(monkeypatch, EXPORT, "compile_model", swap_columns)
    check_refused(make(), tmp_path)


def test_a_lost_intercept_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sound = COMPILE._add_linear

    def without_intercept(graph: Any, classifier: Any, columns: Any) -> str:
        held, classifier.intercept_ = classifier.intercept_, np.zeros(1)
        try:
            return sound(graph, classifier, columns)  # type: ignore[no-any-return]  # it returns a name
        finally:
            classifier.intercept_ = held

    monkeypatch.setattr(COMPILE, "_add_linear", without_intercept)
    check_refused(linear_model(), tmp_path)


def test_the_report_counts_the_rows_that_were_compared(tmp_path: Path) -> None:
    X, y = training_rows()
    model = tree_model().fit(X, y)
    parity = export(model, spec, X, tmp_path / "bundle", y=y).manifest.members["parity"]
    nodes = sum(int((tree.nodes["is_leaf"] == 0).sum()) for step in model[-1]._predictors for tree in step)
    assert parity["golden"] == 200 and parity["rows"] == parity["golden"] + parity["adversarial"]
    assert parity["adversarial"] > nodes  # each threshold has rows of its own
    assert parity["labels_differ"] == 0 and parity["largest_probability_difference"] <= parity["tolerance"] == 1e-12


@pytest.mark.parametrize("last", [1, 2, 3, 40])
def test_the_golden_rows_hold_each_label_wherever_it_first_comes(last: int) -> None:
    """export: "the labels of X; golden rows then hold each of them"."""
    labels = np.zeros(100_000, dtype=np.int64)
    labels[-last:] = np.arange(1, last + 1)
    indices = golden_indices(len(labels), labels)
    assert set(labels[indices]) == set(range(last + 1))
    assert len(indices) == 200 and (np.diff(indices) > 0).all()


@pytest.mark.parametrize("count", [1, 2, 199, 200, 201, 5_000])
def test_the_golden_rows_are_spread_from_the_first_to_the_last(count: int) -> None:
    for labels in (None, np.zeros(count)):
        indices = golden_indices(count, labels)
        assert len(indices) == min(count, 200) and {0, count - 1} <= set(indices.tolist())


def test_more_labels_than_golden_rows_have_a_row_each() -> None:
    assert set(golden_indices(1_000, np.arange(1_000) // 2).tolist()) == set(range(0, 1_000, 2))


def test_rows_that_the_model_itself_refuses_are_counted_and_not_compared(tmp_path: Path) -> None:
    """BUNDLE.md: "parity.refused_by_model counts what was tried and the fitted model itself raises on"."""
    X, y = training_rows()
    model = make_pipeline(make_column_transformer(("passthrough", ["orders", "coupons"])), LogisticRegression())
    bundle = export(model.fit(X, y), spec, X, tmp_path / "bundle")
    rows, markers = as_rows(spec, X)
    reference = reference_of(model, rows, markers, [step for _, step in model.steps])
    own = Rows({name: rows.columns[name][:5].copy() for name in reference.features}, 5)
    own.columns["orders"][[1, 3]] = np.nan
    parity = check_parity(bundle, reference, own, own.take(np.array([0, 1])), 10)
    assert (parity.golden, parity.adversarial, parity.refused) == (3, 1, 13)
    assert parity.to_json()["refused_by_model"] == 13 and parity.to_json()["rows"] == 4


def test_a_raw_score_of_exactly_0_has_the_label_that_the_model_gives_it(tmp_path: Path) -> None:
    X, _ = training_rows()
    even = np.arange(len(X)) % 2
    model = trees(min_samples_leaf=400).fit(X[NUMBERS], even)
    assert set(model.decision_function(X[NUMBERS])) == {0.0}
    bundle = export(model, spec, X, tmp_path / "bundle")
    assert set(bundle.score(X).labels) == set(model.predict(X[NUMBERS])) == {0}
