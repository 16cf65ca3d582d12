"""Rows of the tests' own making, and the comparison of a bundle with its model on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from edgefold_serving import Bundle
from sklearn.ensemble import HistGradientBoostingClassifier

ODD = [np.nan, 0.0, -0.0, 0.5, 1e-9, -1.0, 3.0, 1e6, -1e6]
TEXTS = ["rock", "jazz", "GB", "FR", "SPRING", "café", "VIP", "xx", "none", "Rock", None]


def thresholds_of(model: Any) -> list[float]:
    """Return the numbers that the trees of a model compare with, none for a linear one."""
    trees = model.steps[-1][1] if hasattr(model, "steps") else model
    if not isinstance(trees, HistGradientBoostingClassifier):
        return []
    nodes = np.concatenate([predictor.nodes for step in trees._predictors for predictor in step])
    return list(
        np.unique(
            np.clip(nodes["num_threshold"][(nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)], -1e300, 1e300)
        )
    )


def random_rows(model: Any, X: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return rows whose features are drawn apart: from X, from odd values, and from the thresholds and their neighbours."""
    rng = np.random.default_rng(seed)
    thresholds = np.array(thresholds_of(model) or [0.0])
    beside = np.concatenate([thresholds, np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf)])
    columns = {}
    for name in X.columns:
        seen = X[name].to_numpy(dtype=object)[rng.integers(0, len(X), count)]
        if pd.api.types.is_numeric_dtype(X[name]):
            odd = np.where(rng.random(count) < 0.3, rng.choice(ODD, count), rng.choice(beside, count))
            column = np.where(rng.random(count) < 0.5, seen, odd)
            columns[name] = pd.Series(column.astype(np.float64))
        else:
            column = np.where(rng.random(count) < 0.7, seen, rng.choice(np.array(TEXTS, dtype=object), count))
            columns[name] = pd.Series([np.nan if pd.isna(value) else value for value in column], dtype=object)
    return pd.DataFrame(columns)


def largest_difference(bundle: Bundle, model: Any, rows: pd.DataFrame) -> float:
    """Return the largest difference of a probability; the labels must be the same."""
    scores = bundle.score(rows)
    assert (scores.labels == model.predict(rows)).all()
    return float(np.abs(scores.probabilities - model.predict_proba(rows)).max())
