"""Fitted scikit-learn transformers to the columns that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from .columns import OTHER, Column, Lookup, Numeric, Step, Value, as_lookup, is_missing, is_nan, same
from .errors import UnsupportedModel

TRANSFORMERS = "Pipeline, ColumnTransformer, SimpleImputer, StandardScaler, OneHotEncoder, OrdinalEncoder, 'passthrough' and 'drop'"


def columns_after(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    """Return the columns that a fitted transformer makes of ``columns``, in the order of its output.

    Raises:
        UnsupportedModel: a transformer, or an option of one, that can't be exported exactly.
    """
    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return list(columns)
    if isinstance(transformer, str) and transformer == "drop":
        return []
    rules: dict[type, Callable[[Any, list[Column]], list[Column]]] = {
        Pipeline: _pipeline,
        ColumnTransformer: _column_transformer,
        SimpleImputer: _simple_imputer,
        StandardScaler: _standard_scaler,
        OneHotEncoder: _one_hot_encoder,
        OrdinalEncoder: _ordinal_encoder,
        FunctionTransformer: _function_transformer,
    }
    rule = rules.get(type(transformer))  # the exact class: a subclass may do anything
    if rule is None:
        raise UnsupportedModel(
            type(transformer).__name__,
            None,
            transformer,
            TRANSFORMERS,
            "Do this step in the reducer spec, or by one of these.",
        )
    return rule(transformer, list(columns))


def refuse(estimator: Any, option: str, supported: str, remedy: str = "Change it and fit again.") -> UnsupportedModel:
    """Return the refusal of an estimator's option with the value that it has."""
    return UnsupportedModel(type(estimator).__name__, option, getattr(estimator, option), supported, remedy)


def _pipeline(pipeline: Any, columns: list[Column]) -> list[Column]:
    for _, step in pipeline.steps:
        columns = columns_after(step, columns)
    return columns


def _column_transformer(transformer: Any, columns: list[Column]) -> list[Column]:
    if transformer.transformer_weights is not None:
        raise refuse(transformer, "transformer_weights", "None", "Scale by a StandardScaler instead, and fit again.")
    made: list[Column] = []
    for name, fitted, _ in transformer.transformers_:
        indices = transformer._transformer_to_input_indices.get(name, [])
        made += columns_after(fitted, [columns[index] for index in indices])
    return made


def _function_transformer(transformer: Any, columns: list[Column]) -> list[Column]:
    if transformer.func is not None:  # a ColumnTransformer's own 'passthrough' is one without a function
        raise refuse(transformer, "func", "None", "Compute this in the reducer spec instead: code can't be exported.")
    return columns


def _simple_imputer(imputer: Any, columns: list[Column]) -> list[Column]:
    marker = imputer.missing_values
    if not is_missing(marker):
        raise refuse(imputer, "missing_values", "nan, or None for strings", "Give missing values as NaN and fit again.")
    made: list[Column] = []
    for index, (column, value) in enumerate(zip(columns, imputer.statistics_, strict=True)):
        if is_missing(value) and not imputer.keep_empty_features:
            continue  # no value was seen at fit: scikit-learn leaves the column out
        if isinstance(column, Numeric):
            if marker is None:
                raise refuse(imputer, "missing_values", "nan for numbers")
            made.append(column.then(Step("fill", float(value))))
        else:
            made.append(_filled(column, marker, _plain(value)))
        if value == "":
            raise UnsupportedModel(
                "SimpleImputer", f"fill value of column {index}", "", "a text of some length", _EMPTY
            )
    if imputer.add_indicator:
        for index in imputer.indicator_.features_:
            indicated = columns[index]
            if isinstance(indicated, Lookup) and any(isinstance(v, str) for v in indicated.outcomes()):
                raise refuse(imputer, "add_indicator", "False for strings", "Use OneHotEncoder: it encodes missing.")
            if isinstance(indicated, Lookup):
                made.append(indicated.then(lambda value: float(same(value, marker))))
            else:
                made.append(indicated.then(Step("is_missing")))
    return made


_EMPTY = "An empty text stands for a missing one in the model's input: name it otherwise and fit again."


def _filled(column: Lookup, marker: Value, fill: Value) -> Lookup:
    return column.then(lambda value: fill if same(value, marker) else value, (fill,))


def _standard_scaler(scaler: Any, columns: list[Column]) -> list[Column]:
    made = []
    for index, column in enumerate(columns):
        if scaler.with_mean:
            column = _arithmetic(column, Step("subtract", float(scaler.mean_[index])))
        if scaler.with_std:
            column = _arithmetic(column, Step("divide", float(scaler.scale_[index])))
        made.append(column)
    return made


def _arithmetic(column: Column, step: Step) -> Column:
    if isinstance(column, Numeric):
        return column.then(step)
    # A text has no number: it can come here only for a value that the model itself refuses.
    return column.then(
        lambda value: float("nan") if isinstance(value, str | None) else float(step.apply(_array(value)))
    )


def _array(value: float) -> Any:
    return np.asarray(value, dtype=np.float64)


def _one_hot_encoder(encoder: Any, columns: list[Column]) -> list[Column]:
    _check_encoder(encoder, ("ignore", "error"))
    made: list[Column] = []
    for index, (column, categories) in enumerate(zip(columns, _categories(encoder), strict=True)):
        source = _looked_up(encoder, index, column, categories).then(lambda value: value, categories)
        dropped = None if encoder.drop_idx_ is None else encoder.drop_idx_[index]
        made += [_indicator(source, category) for place, category in enumerate(categories) if place != dropped]
    return made


def _indicator(source: Lookup, category: Value) -> Lookup:
    return source.then(lambda value: float(same(value, category)))


def _ordinal_encoder(encoder: Any, columns: list[Column]) -> list[Column]:
    _check_encoder(encoder, ("use_encoded_value", "error"))
    unknown = float("nan") if encoder.handle_unknown == "error" else float(encoder.unknown_value)
    made: list[Column] = []
    for index, (column, categories) in enumerate(zip(columns, _categories(encoder), strict=True)):
        source = _looked_up(encoder, index, column, categories)
        codes = [
            float(encoder.encoded_missing_value) if is_nan(category) else float(code)
            for code, category in enumerate(categories)
        ]
        made.append(_coded(source, categories, codes, unknown))
    return made


def _coded(source: Lookup, categories: tuple[Value, ...], codes: list[float], unknown: float) -> Lookup:
    by_category = {
        _NAN if is_nan(category) else category: code for category, code in zip(categories, codes, strict=True)
    }
    return source.then(lambda value: by_category.get(_NAN if is_nan(value) else value, unknown), categories)


_NAN = "\x00 NaN"  # NaN is not equal to itself, so it can't be a key


def _check_encoder(encoder: Any, handled: tuple[str, ...]) -> None:
    if encoder.handle_unknown not in handled:
        raise refuse(encoder, "handle_unknown", " or ".join(map(repr, handled)))
    for option in ("min_frequency", "max_categories"):
        if getattr(encoder, option) is not None:
            raise refuse(encoder, option, "None", "List the frequent values as the keys of the feature, and fit again.")
    if np.dtype(encoder.dtype) != np.float64:
        raise refuse(encoder, "dtype", "float64")


def _categories(encoder: Any) -> list[tuple[Value, ...]]:
    categories = [tuple(_plain(category) for category in found) for found in encoder.categories_]
    for found in categories:
        if "" in found:
            raise UnsupportedModel(type(encoder).__name__, "a category", "", "texts of some length", _EMPTY)
        if any(value is None for value in found) and any(map(is_nan, found)):
            raise UnsupportedModel(
                type(encoder).__name__, "categories", found, "one marker of missing", "Use None or NaN, and fit again."
            )
    return categories


def _looked_up(encoder: Any, index: int, column: Column, categories: tuple[Value, ...]) -> Lookup:
    source = as_lookup(column)
    if encoder.handle_unknown == "error":
        refused = [v for v in source.outcomes() if not any(same(v, category) for category in categories)]
        if refused:
            shown = "some values" if OTHER in refused else ", ".join(repr(v) for v in refused)
            remedy = (
                f"The spec can give {shown} for {source.feature}, on which the model raises: "
                f"use {'ignore' if isinstance(encoder, OneHotEncoder) else 'use_encoded_value'!r} and fit again."
            )
            raise refuse(encoder, "handle_unknown", "'error' where every value of the spec is a category", remedy)
    return source


def _plain(value: Any) -> Value:
    """Return a NumPy scalar as a plain string, float or marker."""
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return float(value)
