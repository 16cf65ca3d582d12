"""Every supported pipeline: the bundle and the fitted model are one, on rows that the exporter has not seen."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from edgefold_exporter import export

from ..bundles import NUMBERS, STRINGS, spec, training_rows
from .check import largest_difference, random_rows
from .models import LINEAR, PIPELINES, TREES, labels_of

COUNT, SEED = int(os.environ.get("EDGEFOLD_COUNT", "3000")), int(os.environ.get("EDGEFOLD_SEED", "11"))
# trees: the raw scores are the same doubles, only the exponential differs; linear: the dot product is summed in another order
TOLERANCES = dict.fromkeys(TREES, 1e-15) | dict.fromkeys(LINEAR, 1e-12)
LABELS = ("binary", "three texts", "yes or no", "three")
# each pipeline with one kind of labels in turn; a long run has every pair
CASES = [
    (name, labels)
    for number, name in enumerate(PIPELINES)
    for place, labels in enumerate(LABELS)
    if "EDGEFOLD_COUNT" in os.environ or place == number % len(LABELS)
]
pytestmark = pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")


@pytest.mark.parametrize(("name", "labels"), CASES)
def test_a_bundle_and_its_model_agree_on_every_row(name: str, labels: str, tmp_path: Path) -> None:
    X, y = training_rows()
    if name == "categories by dtype":
        X = X.astype(dict.fromkeys(STRINGS, "category"))
    model = PIPELINES[name]().fit(X, labels_of(labels, y, X))
    bundle = export(model, spec, X, tmp_path / "bundle")
    rows = random_rows(model, X, COUNT, SEED)
    if name in ("bare, no missing", "one-hot, if binary"):
        rows[NUMBERS] = rows[NUMBERS].fillna(0)  # these models raise on a missing number, which the spec never gives
    if "cannot be unknown" in name:
        known = {"last_genre": ["rock", "jazz", "folk", np.nan], "country": ["GB", "FR", np.nan]}
        rows = rows[np.logical_and.reduce([rows[feature].isin(values) for feature, values in known.items()])]
    assert largest_difference(bundle, model, rows) <= TOLERANCES[name]
    assert largest_difference(bundle, model, X) <= TOLERANCES[name]
