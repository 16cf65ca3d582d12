"""The model of buying again, and the two that it must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from .rows import LABEL

SEED = 1997

# Recency and frequency, and how long the customer has been one: what a marketer's table would have.
RECENCY_FREQUENCY = ("days_since_last", "orders", "days_since_first")


@dataclass(frozen=True)
class Settings:
    """What the choice on the validation cut is between; the number of trees is part of it."""

    learning_rate: float
    leaves: int
    trees: int
    leaf_rows: int = 200


CANDIDATES = (Settings(0.1, 8, 60), Settings(0.1, 16, 60), Settings(0.05, 8, 120))


def boosted_trees(settings: Settings) -> Pipeline:
    """Make the model that is shipped: gradient-boosted trees on every feature, missing ones included."""
    return make_pipeline(
        HistGradientBoostingClassifier(
            learning_rate=settings.learning_rate,
            max_leaf_nodes=settings.leaves,
            max_iter=settings.trees,
            min_samples_leaf=settings.leaf_rows,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=SEED,
        )
    )


def recency_frequency() -> Pipeline:
    """Make the logistic regression to compare with, on logarithms: on the counts themselves it is a weak rival."""
    return make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression())


@dataclass(frozen=True)
class Choice:
    """The settings with the smallest log loss on the validation rows, and every candidate's."""

    settings: Settings
    log_losses: tuple[tuple[Settings, float], ...]


def choose(fit: pd.DataFrame, validation: pd.DataFrame, columns: list[str]) -> Choice:
    """Fit each candidate on ``fit`` and take the one with the smallest log loss on ``validation``."""
    tried = []
    for settings in CANDIDATES:
        model = boosted_trees(settings).fit(fit[columns], fit[LABEL])
        tried.append((settings, float(log_loss(validation[LABEL], chances(model, validation[columns])))))
    return Choice(min(tried, key=lambda pair: pair[1])[0], tuple(tried))


def chances(model: Pipeline, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the chance of buying again of each row. Shape (rows,)."""
    probabilities: NDArray[np.float64] = model.predict_proba(rows)[:, 1]
    return probabilities
