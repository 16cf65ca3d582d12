from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edgefold_serving import Bundle, verify

from ..bundles import linear_bundle, tree_bundle


@pytest.mark.parametrize("make", [tree_bundle, linear_bundle])
def test_a_bundle_scores_as_its_model(tmp_path: Path, make) -> None:
    made = make(tmp_path / "bundle")
    scores = Bundle.open(made.path).score(made.X)
    assert (scores.labels == made.model.predict(made.X)).all()
    assert np.abs(scores.probabilities - made.model.predict_proba(made.X)).max() < 1e-12
    assert verify(made.bundle).cases == 12
