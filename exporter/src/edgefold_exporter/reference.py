"""The fitted model as the judge: what it says about rows, and which it refuses."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from .columns import Value, is_missing
from .errors import InvalidTrainingData
from .rows import Rows


@dataclass(frozen=True)
class Answers:
    """What a model said about N rows: label indices (N,), probabilities (N, C), and which rows it took (N,)."""

    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    taken: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reference:
    """A fitted model, the features that it takes in order, and the marker of a missing string that it was fitted on."""

    model: Any
    features: tuple[str, ...]
    named: bool
    missing: Value

    def frame(self, rows: Rows) -> Any:
        """Return rows as the model takes them: numbers as float64, strings as objects."""
        columns = {}
        for name in self.features:
            column = rows.columns[name]
            if column.dtype == object:
                column = np.array([self.missing if v is None else v for v in column], dtype=object)
            columns[name] = column
        if self.named:
            import pandas as pd

            return pd.DataFrame({n: pd.Series(c, dtype=c.dtype) for n, c in columns.items()}, columns=list(columns))
        kind = object if any(column.dtype == object for column in columns.values()) else np.float64
        return np.column_stack([column.astype(kind) for column in columns.values()])

    def answers(self, rows: Rows) -> Answers:
        """Return what the model says about each row; rows on which it raises ValueError, or says NaN, are not taken."""
        classes = self.model.classes_
        labels = np.zeros(rows.count, dtype=np.int64)
        probabilities = np.full((rows.count, len(classes)), np.nan)
        taken = np.zeros(rows.count, dtype=bool)
        frame = self.frame(rows)
        parts = [np.arange(rows.count)]
        while parts:
            part = parts.pop()
            some = frame.iloc[part] if self.named else frame[part]
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"), _threads().limit(limits=1):
                    warnings.simplefilter("ignore")  # extreme values overflow on purpose
                    probabilities[part] = self.model.predict_proba(some)
                    labels[part] = np.searchsorted(classes, self.model.predict(some))
                taken[part] = True
            except ValueError:
                if len(part) > 1:
                    parts += np.array_split(part, 2)
        return Answers(labels, probabilities, taken & ~np.isnan(probabilities).any(axis=1))


@cache
def _threads() -> ThreadpoolController:
    """One thread answers small parts sooner than several that wait for each other."""
    return ThreadpoolController()


def reference_of(model: Any, rows: Rows, markers: Sequence[Value], steps: Sequence[Any]) -> Reference:
    """Return the model with the features that it takes from ``rows``; ``steps`` are its transformers and its classifier.

    Raises:
        InvalidTrainingData: rows lack a feature that the model takes, or their missing strings are not those that it was fitted on.
    """
    first = next(step for step in steps if not _is_passthrough(step))
    names = getattr(model, "feature_names_in_", getattr(first, "feature_names_in_", None))
    if names is not None:
        features = tuple(str(name) for name in names)
        lacking = [name for name in features if name not in rows.columns]
        if lacking:
            raise InvalidTrainingData(
                "X", list(rows.columns), f"the features that the model was fitted on, {lacking} among them"
            )
    else:
        features = tuple(rows.columns)
        if getattr(model, "n_features_in_", len(features)) != len(features):
            expected = f"the {model.n_features_in_} that the model was fitted on, in order"
            raise InvalidTrainingData("X", f"{len(features)} columns", expected)
    return Reference(model, features, names is not None, _marker(markers, steps))


def _is_passthrough(step: Any) -> bool:
    """Whether a step of a pipeline does nothing; the pipeline then hides the names that its next one was fitted on."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def _marker(markers: Sequence[Value], steps: Sequence[Any]) -> Value:
    """Return what stands for a missing string: as the fitted encoders have it, else as X has it, else NaN."""
    fitted = {value is None for step in steps for value in _missing_of(step)}
    given = {value is None for value in markers}
    if len(fitted) > 1 or (not fitted and len(given) > 1):
        raise InvalidTrainingData(
            "X's missing strings", "None in some places, NaN in others", "one of them, throughout"
        )
    if fitted and given and not fitted & given:
        expected = "None" if True in fitted else "NaN"
        raise InvalidTrainingData(
            "X's missing strings", "None" if True in given else "NaN", f"{expected}, as the model was fitted on"
        )
    chosen = fitted or given
    return None if True in chosen else float("nan")


def _missing_of(estimator: Any) -> list[Value]:
    """Return the markers of missing values among the categories of all encoders within an estimator."""
    found: list[Value] = []
    for categories in getattr(estimator, "categories_", []):
        if any(isinstance(value, str) for value in categories):
            found += [value for value in categories if is_missing(value)]
    if getattr(estimator, "missing_values", 0) is None:
        found.append(None)
    for _, inner, *_ in [*getattr(estimator, "transformers_", []), *getattr(estimator, "steps", [])]:
        found += _missing_of(inner)
    return found + (
        _missing_of(estimator._preprocessor) if getattr(estimator, "_preprocessor", None) is not None else []
    )
