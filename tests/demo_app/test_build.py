"""The bundle of the demo is whole, and what is fresh is not made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from edgefold_demo_app import page
from edgefold_demo_app.build import build_bundle, secret_of
from edgefold_demo_app.rows import SPLIT
from edgefold_demo_app.shop import spec
from edgefold_demo_app.training import feature_columns, frame_of
from edgefold_serving import Bundle, verify

from .shop import some_orders


def test_the_bundle_verifies(output: Path) -> None:
    bundle = Bundle.open(output / "bundle")
    assert verify(bundle).cases > 0
    assert (bundle.manifest.name, bundle.spec.id) == ("repurchase", spec.id)


def test_the_bundle_says_that_no_feature_sends_what_was_bought(output: Path) -> None:
    manifest = json.loads((output / "bundle" / "manifest.json").read_text())
    assert {field for sent in manifest["leaves_device"] for field in sent["fields"]} == {"cds", "amount"}


def test_the_bundle_scores_the_rows_of_the_evaluation(output: Path) -> None:
    frame = frame_of(some_orders(), SPLIT)[feature_columns()]
    scores = Bundle.open(output / "bundle").score(frame).scores
    assert scores.shape == (len(frame),)
    assert np.all((scores > 0) & (scores < 1))


def test_the_evaluation_names_three_models_and_its_dates(output: Path) -> None:
    evaluation = json.loads((output / "evaluation.json").read_text())
    assert len(evaluation["metrics"]) == 3
    assert max(evaluation["training_cuts"]) < min(evaluation["evaluation_cuts"])
    assert f"{evaluation['gain']['mean']:.4f}" in evaluation["verdict"]


def test_a_second_run_makes_nothing_again(output: Path) -> None:
    before = (output / "bundle" / "manifest.json").read_bytes()
    said: list[str] = []
    build_bundle(some_orders(), output, said.append)
    assert (output / "bundle" / "manifest.json").read_bytes() == before
    assert len(said) == 1
    assert "boosted trees" in said[0]


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    assert secret_of(tmp_path) == secret_of(tmp_path)
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_without_node_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page.shutil, "which", lambda name: None)
    with pytest.raises(page.PageNotBuilt, match="install Node"):
        page.build_page(tmp_path)
