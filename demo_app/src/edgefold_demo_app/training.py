"""From the table of orders to the fitted model and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import edgefold_reducer as ef
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from .evaluate import Gain, Metrics, Numbers, gain, measure
from .model import RECENCY_FREQUENCY, Choice, boosted_trees, chances, choose, recency_frequency
from .rows import LABEL, Split, date_ms, labelled_rows
from .shop import spec


@dataclass(frozen=True)
class Trained:
    """The model that ships, what it was fitted on, and how it and its rivals did on the rows of the evaluation."""

    model: Pipeline
    features: pd.DataFrame
    labels: NDArray[np.int64]
    choice: Choice
    bought: NDArray[np.int64]
    metrics: tuple[Metrics, ...]
    """Of always the base rate, the logistic regression, and the model that ships."""
    gain: Gain
    """Of the model that ships over the logistic regression."""
    chances: tuple[Numbers, ...]


def feature_columns() -> list[str]:
    """Return the model's columns, in the order of the spec."""
    return [column.name for column in spec.columns]


def frame_of(orders: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Build every labelled row of a split with its features, by ``training_frame``."""
    rows = labelled_rows(orders, split.train + split.evaluate)
    frame: pd.DataFrame = ef.training_frame(spec, {"order": ef.source(orders, missing=["record"])}, rows).to_pandas()
    return frame


def train(frame: pd.DataFrame, split: Split) -> Trained:
    """Choose the settings on the validation cut, fit on all cuts of training, measure on the later ones."""
    columns = feature_columns()

    def at(cuts: tuple[date, ...]) -> pd.DataFrame:
        return frame[frame["time"].isin([date_ms(cut) for cut in cuts])]

    choice = choose(at(split.fit), at(split.choose), columns)
    fitted, seen = at(split.train), at(split.evaluate)
    model = boosted_trees(choice.settings).fit(fitted[columns], fitted[LABEL])
    rival = recency_frequency().fit(fitted[list(RECENCY_FREQUENCY)], fitted[LABEL])
    bought = seen[LABEL].to_numpy()
    foretold = {
        "always the base rate": np.full(len(seen), float(fitted[LABEL].mean())),
        "recency-frequency logistic": chances(rival, seen[list(RECENCY_FREQUENCY)]),
        "boosted trees (shipped)": chances(model, seen[columns]),
    }
    return Trained(
        model=model,
        features=fitted[columns],
        labels=fitted[LABEL].to_numpy(),
        choice=choice,
        bought=bought,
        metrics=tuple(measure(name, bought, chance) for name, chance in foretold.items()),
        gain=gain(seen["subject"].to_numpy(), bought, *list(foretold.values())[1:]),
        chances=tuple(foretold.values()),
    )
