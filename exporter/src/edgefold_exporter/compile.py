"""A fitted classifier, or a pipeline that ends in one, to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .columns import OTHER, Column, Lookup, Numeric, Value, is_nan
from .errors import UnsupportedModel
from .graph import Graph
from .transformers import columns_after
from .trees import Ensemble, add_trees, ensemble_of

CLASSIFIERS = "HistGradientBoostingClassifier and LogisticRegression, alone or at the end of a Pipeline"
TREE_TOLERANCE = 1e-12  # equal raw scores: only the exponential of sigmoid and softmax differs between libraries
LINEAR_TOLERANCE = 1e-9  # the dot product is summed in another order


@dataclass(frozen=True)
class Compiled:
    """A model as ONNX. ``columns`` are those that its classifier sees; ``ensemble`` its trees, None for a linear one."""

    onnx: ModelProto
    columns: tuple[Column, ...]
    ensemble: Ensemble | None
    numbers: tuple[str, ...]
    strings: tuple[str, ...]
    tolerance: float


def split_pipeline(model: Any) -> tuple[list[Any], Any]:
    """Return the fitted transformers of a model, in order, and its classifier."""
    if type(model) is Pipeline:
        before, classifier = split_pipeline(model.steps[-1][1])
        return [step for _, step in model.steps[:-1]] + before, classifier
    if type(model) not in (HistGradientBoostingClassifier, LogisticRegression):
        fitted = getattr(model, "best_estimator_", None)
        remedy = "Export its best_estimator_." if fitted is not None else "Fit one of these."
        raise UnsupportedModel(type(model).__name__, None, model, CLASSIFIERS, remedy)
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise UnsupportedModel(
            type(model).__name__, None, model, "a fitted model", "Fit it before the export."
        ) from None
    return [], model


def compile_model(model: Any, sources: Sequence[Column], order: Sequence[str]) -> Compiled:
    """Compile a fitted model over its input columns ``sources``; ``order`` are the spec's columns.

    Raises:
        UnsupportedModel: it can't be exported exactly.
    """
    transformers, classifier = split_pipeline(model)
    columns = list(sources)
    for transformer in transformers:
        columns = columns_after(transformer, columns)
    _check_classes(classifier)
    used = {column.feature for column in columns}
    kinds = {column.feature: isinstance(column, Numeric) for column in sources}
    numbers = tuple(name for name in order if name in used and kinds[name])
    strings = tuple(name for name in order if name in used and not kinds[name])
    graph = Graph(numbers, strings)
    ensemble = None
    if type(classifier) is HistGradientBoostingClassifier:
        ensemble = ensemble_of(classifier, columns)
        raw = add_trees(graph, ensemble)
    else:
        raw = _add_linear(graph, classifier, columns)
    return Compiled(
        graph.finish(raw, len(classifier.classes_)),
        tuple(columns),
        ensemble,
        numbers,
        strings,
        LINEAR_TOLERANCE if ensemble is None else TREE_TOLERANCE,
    )


def _check_classes(classifier: Any) -> None:
    classes = classifier.classes_
    if len(classes) < 2 or not all(isinstance(label, str | bool | int | float) for label in classes.tolist()):
        raise UnsupportedModel(
            type(classifier).__name__,
            "classes_",
            classes.tolist(),
            "two labels or more: integers, strings, booleans or floats",
            "Fit it on such labels.",
        )


def _add_linear(graph: Graph, classifier: Any, columns: Sequence[Column]) -> str:
    """Add X @ coefficients + intercept; return the raw scores, (N, 1) for two labels, else (N, labels)."""
    name = type(classifier).__name__
    if getattr(classifier, "multi_class", "deprecated") not in ("deprecated", "auto"):
        raise UnsupportedModel(
            name, "multi_class", classifier.multi_class, "its default (multinomial)", "Leave it out and fit again."
        )
    if len(classifier.classes_) > 2 and classifier.solver == "liblinear":
        raise UnsupportedModel(name, "solver", "liblinear", "any other, with three labels or more", "Use lbfgs.")
    for column in columns:
        _check_never_missing(name, column)
    dense = classifier.coef_.toarray() if hasattr(classifier.coef_, "toarray") else classifier.coef_
    matrix, places = graph.matrix(columns, exact=True)
    weights = np.zeros((len(columns), dense.shape[0]))
    weights[places] = np.asarray(dense, dtype=np.float64).T
    intercept = np.zeros(dense.shape[0]) + np.asarray(classifier.intercept_, dtype=np.float64)
    return graph.node("Gemm", matrix, graph.constant(weights), graph.constant(intercept))


def _check_never_missing(classifier: str, column: Column) -> None:
    """A linear model raises on NaN, so it must not be able to get one."""
    if isinstance(column, Lookup):
        missing = [value for value in column.outcomes() if _no_number(value)]
    else:
        missing = [float("nan")] if column.nullable else []
    if missing:
        shown = missing[0] if isinstance(missing[0], str) and missing[0] != OTHER else "missing"
        raise UnsupportedModel(
            classifier,
            f"feature {column.feature}",
            shown,
            "features that are always numbers",
            "Put a SimpleImputer (for numbers) or an encoder (for strings) before it, or declare a default= in the spec.",
        )


def _no_number(value: Value) -> bool:
    return not isinstance(value, float) or is_nan(value)
