"""What can't be exported exactly is refused by name, and nothing is written."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgefold_exporter import BundleExists, InvalidTrainingData, ParityError, UnsupportedModel, export
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from ..bundles import NUMBERS, STRINGS, spec, training_rows
from .models import WHOLE, logistic, ordinal, trees

pytestmark = pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")


def over(*transformers: Any, classifier: Any = None) -> Any:
    return make_pipeline(make_column_transformer(*transformers), logistic() if classifier is None else classifier)


REFUSED: dict[str, tuple[Any, str, str | None]] = {
    "another classifier": (
        over(("passthrough", WHOLE), classifier=RandomForestClassifier(5)),
        "RandomForestClassifier",
        None,
    ),
    "a subclass": (over(("passthrough", WHOLE), classifier=type("Own", (LogisticRegression,), {})()), "Own", None),
    "a search": (
        GridSearchCV(over(("passthrough", WHOLE)), {"logisticregression__C": [1.0, 2.0]}, cv=2),
        "GridSearchCV",
        None,
    ),
    "a calibrator": (CalibratedClassifierCV(over(("passthrough", WHOLE)), cv=2), "CalibratedClassifierCV", None),
    "another scaler": (over((MinMaxScaler(), WHOLE)), "MinMaxScaler", None),
    "code": (over((FunctionTransformer(np.log1p), WHOLE)), "FunctionTransformer", "func"),
    "weights": (
        make_pipeline(ColumnTransformer([("n", "passthrough", WHOLE)], transformer_weights={"n": 2.0}), logistic()),
        "ColumnTransformer",
        "transformer_weights",
    ),
    "another marker of missing": (over((SimpleImputer(missing_values=0), WHOLE)), "SimpleImputer", "missing_values"),
    "infrequent categories": (
        over((OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5), STRINGS)),
        "OneHotEncoder",
        "handle_unknown",
    ),
    "a limit of categories": (
        over((OneHotEncoder(handle_unknown="ignore", max_categories=2), STRINGS)),
        "OneHotEncoder",
        "max_categories",
    ),
    "codes in float32": (over((ordinal(dtype=np.float32), STRINGS), classifier=trees()), "OrdinalEncoder", "dtype"),
    "a model that raises on new strings": (over((OneHotEncoder(), STRINGS)), "OneHotEncoder", "handle_unknown"),
    "codes that raise on new strings": (
        over((OrdinalEncoder(), STRINGS), classifier=trees()),
        "OrdinalEncoder",
        "handle_unknown",
    ),
    "a linear model that can get NaN": (
        over((ordinal(unknown_value=np.nan), STRINGS), (StandardScaler(), WHOLE)),
        "LogisticRegression",
        None,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_exported_exactly_is_refused_by_name(name: str, tmp_path: Path) -> None:
    model, estimator, option = REFUSED[name]
    X, y = training_rows()
    if name == "a linear model that can get NaN":
        X = X.assign(**{column: X[column].fillna("none") for column in STRINGS})
    model.fit(X, y)
    with pytest.raises(UnsupportedModel) as refused:
        export(model, spec, X, tmp_path / "bundle")
    assert refused.value.estimator == estimator
    assert option is None or refused.value.option == option
    assert estimator in str(refused.value) and refused.value.supported and refused.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("numbers", "feature"),
    [
        (["orders", "days_since_order"], "days_since_order"),
        (["share_large"], "share_large"),
        (WHOLE, None),
        (["spent_30d", "amount_mean", "by_genre=rock", "spent_by_genre=folk"], None),
    ],
)
def test_a_linear_model_is_refused_a_number_that_the_spec_may_miss(
    numbers: list[str], feature: str | None, tmp_path: Path
) -> None:
    """What X holds does not matter: a device without events has no such number, and the model would raise."""
    X, y = training_rows()
    X = X.assign(**{name: X[name].fillna(0) for name in NUMBERS})
    model = over(("passthrough", numbers)).fit(X, y)
    if feature is None:
        assert export(model, spec, X, tmp_path / "bundle").score([dict.fromkeys(numbers, 0)]).labels.shape == (1,)
        return
    with pytest.raises(UnsupportedModel) as refused:
        export(model, spec, X, tmp_path / "bundle")
    assert (refused.value.estimator, refused.value.option) == ("LogisticRegression", f"feature {feature}")


def test_a_model_of_one_label_is_refused(tmp_path: Path) -> None:
    X, _ = training_rows()
    model = trees().fit(X[NUMBERS], np.zeros(len(X), dtype=int))
    with pytest.raises(UnsupportedModel, match="two labels or more") as refused:
        export(model, spec, X, tmp_path / "bundle")
    assert refused.value.option == "classes_"


def test_a_model_that_was_not_fitted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="a fitted model"):
        export(HistGradientBoostingClassifier(), spec, training_rows()[0], tmp_path / "bundle")


def fitted() -> tuple[Any, Any, Any]:
    X, y = training_rows()
    return over((SimpleImputer(), NUMBERS)).fit(X, y), X, y


@pytest.mark.parametrize(
    ("change", "options", "what"),
    [
        (lambda X: X.assign(label=1), {}, "X"),
        (lambda X: X.drop(columns="orders"), {}, "X"),
        (lambda X: X.assign(orders="many"), {}, "feature orders"),
        (lambda X: X.assign(country=""), {}, "feature country"),
        (lambda X: X.iloc[:0], {}, "X"),
        (lambda X: "rows.csv", {}, "X"),
        (lambda X: X, {"y": [0, 1]}, "y"),
        (lambda X: X, {"y": ["no"] * 600}, "y"),
        (lambda X: X, {"threshold": 1.5}, "threshold"),
        (lambda X: X, {"threshold": np.nextafter(1, 2)}, "threshold"),
        (lambda X: X, {"threshold": np.nextafter(0, -1)}, "threshold"),
        (lambda X: X, {"y": [[0, 1]] * 600}, "y"),
        (lambda X: X, {"y": [0] * 601}, "y"),
        (lambda X: X, {"expires": datetime.now(UTC) - timedelta(seconds=1)}, "expires"),
        (lambda X: X, {"expires": datetime(2020, 1, 1)}, "expires"),
    ],
)
def test_training_data_that_does_not_fit_is_refused(change: Any, options: Any, what: str, tmp_path: Path) -> None:
    model, X, _ = fitted()
    with pytest.raises(InvalidTrainingData) as refused:
        export(model, spec, change(X), tmp_path / "bundle", **options)
    assert refused.value.what == what
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threshold", [0, 1])
def test_a_threshold_may_be_0_or_1(threshold: float, tmp_path: Path) -> None:
    model, X, _ = fitted()
    assert export(model, spec, X, tmp_path / "bundle", threshold=threshold).manifest.threshold == threshold


def test_a_threshold_with_three_labels_is_refused(tmp_path: Path) -> None:
    X, y = training_rows()
    model = over((SimpleImputer(), NUMBERS)).fit(X, y + (X["orders"] > 3))
    with pytest.raises(InvalidTrainingData, match="with two labels"):
        export(model, spec, X, tmp_path / "bundle", threshold=0.5)


def test_a_last_moment_is_written_in_utc_whatever_zone_it_is_given_in(tmp_path: Path) -> None:
    model, X, _ = fitted()
    moment = datetime(2999, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    assert export(model, spec, X, tmp_path / "zoned", expires=moment).manifest.expires == "2999-01-01T07:00:00Z"
    naive = export(model, spec, X, tmp_path / "naive", expires=datetime(2999, 1, 1, 12))
    assert naive.manifest.expires == "2999-01-01T12:00:00Z"


def test_a_bundle_is_replaced_only_by_a_higher_version_of_its_name(tmp_path: Path) -> None:
    model, X, _ = fitted()
    path = tmp_path / "bundle"
    export(model, spec, X, path, version=2)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    for options in ({"version": 2}, {"version": 1}, {"version": 3, "name": "other"}, {"version": 0}):
        with pytest.raises(BundleExists):
            export(model, spec, X, path, **options)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert export(model, spec, X, path, version=3).manifest.version == 3
    assert [file.name for file in tmp_path.iterdir()] == ["bundle"]


def test_what_is_no_bundle_is_never_overwritten(tmp_path: Path) -> None:
    model, X, _ = fitted()
    (tmp_path / "notes.zip").write_text("mine")
    with pytest.raises(BundleExists, match="no whole bundle"):
        export(model, spec, X, tmp_path / "notes.zip")
    assert (tmp_path / "notes.zip").read_text() == "mine"


@pytest.mark.parametrize(
    "error",
    [
        UnsupportedModel("SVC", "kernel", "rbf", "trees", "Fit a tree."),
        InvalidTrainingData("X", 3, "a frame"),
        ParityError("golden", {"orders": 1}, (True, [0.1, 0.9]), (False, [0.9, 0.1]), 1e-9, 2),
        BundleExists("shop", "version 2", "a higher version"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_a_process_with_its_values(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
