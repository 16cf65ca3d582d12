"""Small real bundles for the tests of every package: a spec, simulated orders, a fitted pipeline, its export."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import numpy as np
import pandas as pd
from edgefold_exporter import export
from edgefold_serving import Bundle
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

order = ef.event(
    "order",
    amount=ef.decimal(2),
    quantity=ef.integer(),
    gift=ef.boolean(),
    genre=ef.enum("rock", "jazz", "folk"),
    coupon=ef.string(20, optional=True),
)
large = order.amount >= 20

spec = ef.Spec(
    "repurchase",
    events=[order],
    attributes={"country": ef.enum("GB", "FR")},
    features={
        "orders": ef.count(order),
        "orders_90d": ef.count(order, within=ef.days(90)),
        "large_orders": ef.count(order, where=large & ~order.gift),
        "spent_30d": ef.total(order.amount, within=ef.days(30)),
        "amount_mean": ef.mean(order.amount, default=0),
        "share_large": ef.ratio(ef.count(order, where=large), ef.count(order)),
        "days_since_order": ef.time_since_last(order, unit=ef.days(1)),
        "last_genre": ef.last(order.genre),
        "by_genre": ef.count_by(order.genre),
        "spent_by_genre": ef.total_by(order.amount, order.genre, within=ef.days(30)),
        "coupons": ef.distinct(order.coupon, cap=16),
        "first_coupon": ef.first(order.coupon),
        "country": ef.attribute("country"),
    },
    triggers=[order],
)
later_spec = ef.Spec(
    "repurchase",
    events=[order],
    attributes={"country": ef.enum("GB", "FR")},
    features={
        "orders": ef.count(order),
        "orders_30d": ef.count(order, within=ef.days(30)),
        "items": ef.total(order.quantity),
        "amount_mean": ef.mean(order.amount, default=0),
        "largest": ef.maximum(order.amount, default=0),
        "last_genre": ef.last(order.genre),
        "by_genre": ef.count_by(order.genre),
        "gifts_by_genre": ef.count_by(order.genre, where=order.gift),
        "coupons": ef.distinct(order.coupon, cap=16),
        "country": ef.attribute("country"),
    },
    triggers=[order],
)
"""What the spec was later changed to: some aggregates stay, some go, some are new."""
STRINGS = [column.name for column in spec.columns if column.type == "string"]
NUMBERS = [column.name for column in spec.columns if column.type == "number"]
START_MS, DAY_MS = 20_454 * 86_400_000, 86_400_000


@dataclass(frozen=True)
class Exported:
    """A bundle at ``path``, the fitted model that it is of, and the rows that it was fitted on."""

    path: Path
    bundle: Bundle
    model: Any
    X: pd.DataFrame
    y: np.ndarray[Any, Any]


@cache
def training_rows(subjects: int = 600, seed: int = 7, by: ef.Spec = spec) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Simulate orders, and return the features of a row a subject and whether it will buy again."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(subjects), rng.poisson(3, subjects))
    count = len(subject)
    orders = pd.DataFrame(
        {
            "subject": subject.astype(str),
            "time": START_MS + rng.integers(0, 120 * DAY_MS, count),
            "amount": rng.gamma(2, 12, count).round(2),
            "quantity": rng.integers(1, 5, count),
            "gift": rng.random(count) < 0.2,
            "genre": rng.choice(["rock", "jazz", "folk"], count),
            "coupon": rng.choice(np.array(["SPRING", "café", "VIP", None], dtype=object), count),
        }
    )
    rows = pd.DataFrame(
        {
            "subject": np.arange(subjects).astype(str),
            "time": START_MS + 121 * DAY_MS,
            "country": rng.choice(np.array(["GB", "FR", None], dtype=object), subjects),
        }
    )
    frame = ef.training_frame(by, {"order": orders}, rows).to_pandas()
    X = frame[[column.name for column in by.columns]]
    chance = 0.15 + 0.12 * X["orders"].clip(0, 5) + 0.15 * (X["last_genre"] == "jazz") - 0.1 * (X["country"] == "FR")
    return X, (rng.random(subjects) < chance).to_numpy().astype(int)


def tree_model() -> Any:
    """Return an unfitted pipeline of gradient-boosted trees, with strings as categories."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer((encoder, STRINGS), remainder="passthrough")
    categorical = list(range(len(STRINGS)))
    trees = HistGradientBoostingClassifier(
        max_iter=20, max_leaf_nodes=8, categorical_features=categorical, random_state=1
    )
    return make_pipeline(columns, trees)


def linear_model(by: ef.Spec = spec) -> Any:
    """Return an unfitted pipeline of a logistic regression, with strings one-hot encoded."""
    of_numbers, of_strings = ([each.name for each in by.columns if each.type == kind] for kind in ("number", "string"))
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encoder = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((numbers, of_numbers), (encoder, of_strings)), LogisticRegression(max_iter=500)
    )


def tree_bundle(path: Path, **options: Any) -> Exported:
    """Export the tree model to ``path``; ``options`` are those of ``export``."""
    return _exported(tree_model(), path, options)


def linear_bundle(path: Path, **options: Any) -> Exported:
    """Export the linear model to ``path``; ``options`` are those of ``export``."""
    return _exported(linear_model(), path, options)


def later_bundle(path: Path, **options: Any) -> Exported:
    """Export a linear model of the later spec to ``path``; ``options`` are those of ``export``."""
    return _exported(linear_model(later_spec), path, options, later_spec)


def _exported(model: Any, path: Path, options: dict[str, Any], by: ef.Spec = spec) -> Exported:
    X, y = training_rows(by=by)
    fitted = model.fit(X, y)
    return Exported(path, export(fitted, by, X, path, y=y, **options), fitted, X, y)
