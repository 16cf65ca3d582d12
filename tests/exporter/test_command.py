"""``edgefold export`` and ``edgefold verify``, from files to files."""

from __future__ import annotations

from pathlib import Path

import joblib
import pytest
from click.testing import CliRunner
from edgefold_reducer.command import main
from edgefold_serving import Bundle
from sklearn.ensemble import RandomForestClassifier

from ..bundles import NUMBERS, spec, training_rows, tree_model


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    X, y = training_rows()
    joblib.dump(tree_model().fit(X, y), folder / "model.joblib")
    (folder / "reducer.json").write_text(spec.to_json(), "utf-8")
    X.assign(bought=y, note="kept out").to_parquet(folder / "rows.parquet")
    return folder


def arguments(files: Path, bundle: Path, *more: str) -> list[str]:
    return [
        "export",
        *(str(files / name) for name in ("model.joblib", "reducer.json", "rows.parquet")),
        str(bundle),
        *more,
    ]


@pytest.mark.parametrize("target", ["bundle", "bundle.zip"])
def test_export_writes_a_bundle_that_verify_accepts(target: str, files: Path, tmp_path: Path) -> None:
    options = (
        "--label",
        "bought",
        "--version",
        "4",
        "--name",
        "again",
        "--threshold",
        "0.6",
        "--expires",
        "2999-01-01",
    )
    result = CliRunner().invoke(main, arguments(files, tmp_path / target, *options), catch_exceptions=False)
    assert "again version 4" in result.output and "200 golden" in result.output
    manifest = Bundle.open(tmp_path / target).manifest
    assert (manifest.name, manifest.version, manifest.threshold) == ("again", 4, 0.6)
    verified = CliRunner().invoke(main, ["verify", str(tmp_path / target)], catch_exceptions=False)
    assert "12 golden cases replayed" in verified.output


def test_export_says_what_it_refuses_and_writes_nothing(files: Path, tmp_path: Path) -> None:
    X, y = training_rows()
    joblib.dump(RandomForestClassifier(3).fit(X[NUMBERS].fillna(0), y), tmp_path / "forest.joblib")
    given = arguments(files, tmp_path / "bundle")
    given[1] = str(tmp_path / "forest.joblib")
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 1
    assert result.output.startswith("Error: RandomForestClassifier can't be exported exactly")
    assert not (tmp_path / "bundle").exists()


def test_export_refuses_a_label_that_is_no_column(files: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, arguments(files, tmp_path / "bundle", "--label", "buys"))
    assert result.exit_code == 2 and "not buys" in result.output


def test_verify_names_the_file_that_is_damaged(files: Path, tmp_path: Path) -> None:
    CliRunner().invoke(main, arguments(files, tmp_path / "bundle"), catch_exceptions=False)
    model = tmp_path / "bundle" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    result = CliRunner().invoke(main, ["verify", str(tmp_path / "bundle")])
    assert result.exit_code == 1 and "model.onnx is" in result.output
