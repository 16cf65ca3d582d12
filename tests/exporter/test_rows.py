"""The forms that X may have, the two markers of a missing string, and the order and choice of columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from edgefold_exporter import InvalidTrainingData, UnsupportedModel, export
from edgefold_serving import Bundle
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from ..bundles import NUMBERS, STRINGS, spec, training_rows, tree_model
from .models import WHOLE, logistic, one_hot, ordinal, trees


def table() -> tuple[pa.Table, Any]:
    X, y = training_rows()
    return pa.Table.from_pandas(X, preserve_index=False), y


def with_none(X: Any) -> Any:
    """Return rows whose missing strings are None, as in a DataFrame of objects."""
    return X.assign(**{name: X[name].astype(object).where(X[name].notna(), None) for name in STRINGS})


def coded(**options: Any) -> Any:
    encoder = ordinal(**{"unknown_value": np.nan} | options)
    return make_pipeline(make_column_transformer((encoder, STRINGS), remainder="passthrough"), trees())


FORMS = {
    "Arrow": lambda table: table,
    "pandas": lambda table: table.to_pandas(),
    "polars": pl.from_arrow,
    "dicts": lambda table: table.to_pylist(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_rows_exports(form: str, tmp_path: Path) -> None:
    rows, y = table()
    fitted_on = pl.from_arrow(rows) if form == "polars" else rows.to_pandas()  # scikit-learn itself takes no Arrow
    model = coded().fit(fitted_on, y)
    bundle = export(model, spec, FORMS[form](rows), tmp_path / "bundle")
    assert np.abs(bundle.score(rows).probabilities - model.predict_proba(fitted_on)).max() <= 1e-15


@pytest.mark.parametrize("marker", ["None", "NaN"])
def test_a_missing_string_is_scored_as_the_model_was_fitted_on_it(marker: str, tmp_path: Path) -> None:
    X, y = training_rows()
    X = with_none(X) if marker == "None" else X
    model = make_pipeline(make_column_transformer((one_hot(), STRINGS), ("passthrough", WHOLE)), logistic()).fit(X, y)
    bundle = export(model, spec, X, tmp_path / "bundle")
    missing = X[X[STRINGS].isna().any(axis=1)]
    assert len(missing) > 50
    for rows in (missing, missing.astype(object).where(missing.notna(), None).to_dict("records")):
        assert np.abs(bundle.score(rows).probabilities - model.predict_proba(missing)).max() <= 1e-12


def test_an_imputer_of_none_sees_none(tmp_path: Path) -> None:
    X, y = training_rows()
    X = with_none(X)
    filled = make_pipeline(SimpleImputer(missing_values=None, strategy="constant", fill_value="none"), one_hot())
    model = make_pipeline(make_column_transformer((filled, STRINGS)), logistic()).fit(X, y)
    bundle = export(model, spec, X, tmp_path / "bundle")
    assert np.abs(bundle.score(X).probabilities - model.predict_proba(X)).max() <= 1e-12


def test_rows_that_miss_strings_otherwise_than_the_model_knows_are_refused(tmp_path: Path) -> None:
    X, y = training_rows()
    model = coded().fit(X, y)
    with pytest.raises(InvalidTrainingData, match="as the model was fitted on"):
        export(model, spec, with_none(X), tmp_path / "bundle")


def test_a_category_that_is_the_empty_text_is_refused(tmp_path: Path) -> None:
    X, y = training_rows()
    emptied = X.assign(**{name: X[name].fillna("") for name in STRINGS})
    model = coded().fit(emptied, y)
    with pytest.raises(UnsupportedModel, match="empty text stands for a missing one"):
        export(model, spec, X, tmp_path / "bundle")


def test_an_array_in_the_order_of_the_spec_exports(tmp_path: Path) -> None:
    X, y = training_rows()
    values = X.to_numpy(dtype=object)
    texts = [list(X.columns).index(name) for name in STRINGS]
    encoder = ordinal(unknown_value=np.nan)
    model = make_pipeline(make_column_transformer((encoder, texts), remainder="passthrough"), trees()).fit(values, y)
    bundle = export(model, spec, values, tmp_path / "bundle")
    assert np.abs(bundle.score(X).probabilities - model.predict_proba(values)).max() <= 1e-15


@pytest.mark.parametrize("first", [None, "passthrough"])
def test_columns_in_another_order_than_the_spec_keep_their_meaning(first: str | None, tmp_path: Path) -> None:
    X, y = training_rows()
    turned = X[NUMBERS[::-1]]
    model = (make_pipeline(first, trees()) if first else trees()).fit(turned, y)
    bundle = export(model, spec, X, tmp_path / "bundle")
    assert [feature.name for feature in bundle.manifest.features] == NUMBERS
    assert np.abs(bundle.score(X).probabilities - model.predict_proba(turned)).max() <= 1e-15


def test_a_model_without_names_takes_the_columns_as_x_has_them(tmp_path: Path) -> None:
    X, y = training_rows()
    turned = X[NUMBERS[::-1]]
    model = trees().fit(turned.to_numpy(), y)
    bundle = export(model, spec, turned, tmp_path / "bundle")
    assert np.abs(bundle.score(X).probabilities - model.predict_proba(turned.to_numpy())).max() <= 1e-15


def test_a_bundle_asks_only_for_the_features_that_reach_its_model(tmp_path: Path) -> None:
    X, y = training_rows()
    model = make_pipeline(make_column_transformer(("passthrough", WHOLE)), logistic()).fit(X, y)
    bundle = export(model, spec, X, tmp_path / "bundle.zip")
    assert [feature.name for feature in bundle.manifest.features] == WHOLE
    assert [tensor.name for tensor in bundle.manifest.inputs] == ["numbers"]
    assert Bundle.open(tmp_path / "bundle.zip").score([dict.fromkeys(WHOLE, 1.0)]).labels.shape == (1,)


def test_a_frame_of_pandas_inside_the_pipeline_changes_nothing(tmp_path: Path) -> None:
    X, y = training_rows()
    model = tree_model().set_output(transform="pandas").fit(X, y)
    bundle = export(model, spec, X, tmp_path / "bundle")
    assert np.abs(bundle.score(X).probabilities - model.predict_proba(X)).max() <= 1e-15


def test_whole_and_nullable_numbers_are_taken(tmp_path: Path) -> None:
    X, y = training_rows()
    model = trees().fit(X[NUMBERS], y)
    nullable = X[NUMBERS].astype({"orders": "Int64", "coupons": "int32", "amount_mean": "Float64"})
    bundle = export(model, spec, nullable, tmp_path / "bundle")
    assert (bundle.score(X).labels == model.predict(X[NUMBERS])).all()
    assert ef.canonical_json(bundle.vectors())
