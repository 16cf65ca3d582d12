"""A matrix of pipelines over the rows of ``bundles``: what can be exported, each with its own traps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from ..bundles import NUMBERS, STRINGS, linear_model, tree_model

ENUMS = ["last_genre", "country"]
WHOLE = ["orders", "coupons"]


def trees(**options: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(**{"max_iter": 12, "max_leaf_nodes": 8, "random_state": 3} | options)


def logistic(**options: Any) -> LogisticRegression:
    return LogisticRegression(**{"max_iter": 2000} | options)


def one_hot(**options: Any) -> OneHotEncoder:
    return OneHotEncoder(**{"handle_unknown": "ignore"} | options)


def ordinal(**options: Any) -> OrdinalEncoder:
    return OrdinalEncoder(**{"handle_unknown": "use_encoded_value", "unknown_value": -1} | options)


def imputed() -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler())


def nested() -> Pipeline:
    text = Pipeline([("fill", SimpleImputer(strategy="constant", fill_value="none")), ("hot", one_hot())])
    first = ColumnTransformer(
        [("n", SimpleImputer(add_indicator=True), NUMBERS[:6]), ("t", text, STRINGS), ("gone", "drop", NUMBERS[6:8])],
        remainder="passthrough",
    )
    return make_pipeline(first, "passthrough", SimpleImputer(), StandardScaler(with_mean=False), logistic())


def encoded_again() -> Pipeline:
    columns = make_column_transformer((ordinal(unknown_value=np.nan), STRINGS), ("passthrough", NUMBERS))
    return make_pipeline(
        columns, SimpleImputer(strategy="most_frequent", add_indicator=True), StandardScaler(), trees()
    )


def with_numbers_one_hot() -> Pipeline:
    columns = make_column_transformer(
        (one_hot(), [*WHOLE, "days_since_order"]), (imputed(), NUMBERS), (one_hot(), STRINGS)
    )
    return make_pipeline(columns, logistic())


LINEAR: dict[str, Callable[[], Any]] = {
    "scaled and one-hot": linear_model,
    "mean": lambda: make_pipeline(make_column_transformer((imputed(), NUMBERS)), logistic()),
    "no scaler": lambda: make_pipeline(make_column_transformer((SimpleImputer(strategy="median"), WHOLE)), logistic()),
    "scaled, then imputed": lambda: make_pipeline(
        make_column_transformer((make_pipeline(StandardScaler(), SimpleImputer(strategy="most_frequent")), NUMBERS)),
        logistic(),
    ),
    "constant and without std": lambda: make_pipeline(
        make_column_transformer(
            (
                make_pipeline(SimpleImputer(strategy="constant", fill_value=-7.5), StandardScaler(with_std=False)),
                NUMBERS,
            )
        ),
        logistic(),
    ),
    "one-hot, first dropped": lambda: make_pipeline(
        make_column_transformer((one_hot(drop="first"), STRINGS)), logistic()
    ),
    "one-hot, if binary": lambda: make_pipeline(
        make_column_transformer((one_hot(drop="if_binary", sparse_output=False), STRINGS), ("passthrough", WHOLE)),
        logistic(),
    ),
    "most frequent string": lambda: make_pipeline(
        make_column_transformer((make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot()), STRINGS)),
        logistic(),
    ),
    "ordinal strings": lambda: make_pipeline(
        make_column_transformer((ordinal(encoded_missing_value=-2), STRINGS)), StandardScaler(), logistic()
    ),
    "numbers one-hot": with_numbers_one_hot,
    "nested": nested,
    "no intercept": lambda: make_pipeline(
        make_column_transformer((imputed(), WHOLE)), logistic(fit_intercept=False, C=0.01)
    ),
    "strings that cannot be unknown": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), ENUMS), (imputed(), make_column_selector(dtype_include="number"))),
        logistic(),
    ),
    "bare, no missing": lambda: make_pipeline(make_column_transformer(("passthrough", WHOLE)), logistic()),
}
TREES: dict[str, Callable[[], Any]] = {
    "categories": tree_model,
    "numbers only": lambda: make_pipeline(make_column_transformer(("passthrough", NUMBERS)), trees()),
    "one-hot": lambda: make_pipeline(
        make_column_transformer((one_hot(sparse_output=False), STRINGS), remainder="passthrough"), trees()
    ),
    "scaled": lambda: make_pipeline(
        make_column_transformer((StandardScaler(), NUMBERS), (ordinal(), STRINGS)), trees(max_leaf_nodes=15)
    ),
    "imputed": lambda: make_pipeline(
        make_column_transformer((SimpleImputer(strategy="median", add_indicator=True), NUMBERS)), trees()
    ),
    "encoded, imputed, scaled": encoded_again,
    "categories by mask": lambda: make_pipeline(
        make_column_transformer((ordinal(unknown_value=np.nan), STRINGS), remainder="passthrough"),
        trees(categorical_features=[True] * 3 + [False] * len(NUMBERS)),
    ),
    "categories by name": lambda: trees(categorical_features=STRINGS),
    "numbers as categories": lambda: trees(categorical_features=[*STRINGS, "orders", "coupons", "by_genre=rock"]),
    "categories by dtype": lambda: trees(categorical_features="from_dtype"),
    "one leaf": lambda: make_pipeline(make_column_transformer(("passthrough", NUMBERS)), trees(min_samples_leaf=400)),
    "strings only": lambda: make_pipeline(make_column_transformer((ordinal(), STRINGS)), trees()),
    "ordinal strings that cannot be unknown": lambda: make_pipeline(
        make_column_transformer((OrdinalEncoder(), ENUMS), ("passthrough", WHOLE)), trees()
    ),
    "unbalanced": lambda: trees(
        categorical_features=STRINGS, class_weight="balanced", l2_regularization=1.0, max_depth=3
    ),
}
PIPELINES = LINEAR | TREES


def labels_of(kind: str, y: Any, X: pd.DataFrame) -> Any:
    """Return binary labels, or three of them that depend on the rows; as numbers or as strings."""
    if kind == "binary":
        return y
    if kind == "yes or no":
        return np.where(y == 1, "yes", "no")
    three = y + (X["orders"] > 3).to_numpy()
    return three if kind == "three" else np.array(["none", "some", "many"])[three]
