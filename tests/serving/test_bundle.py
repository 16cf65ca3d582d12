"""Reading a bundle: damage of any kind is noticed before anything is scored; every form of rows scores alike."""

from __future__ import annotations

import json
import pickle
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from edgefold_serving import Bundle, BundleExpired, InvalidBundle, InvalidRows, verify

from ..bundles import Exported, tree_bundle

FILES = ("manifest.json", "reducer.json", "model.onnx", "vectors.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return tree_bundle(tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def copy(made: Exported, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.path, tmp_path / "copy"))


def rewrite(path: Path, **members: Any) -> None:
    """Change members of a manifest."""
    file = path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | members))


@pytest.mark.parametrize("place", [0, 0.5, -1])
@pytest.mark.parametrize("file", FILES[1:])
def test_one_changed_byte_is_noticed(file: str, place: float, copy: Path) -> None:
    content = bytearray((copy / file).read_bytes())
    content[int(place * len(content)) if place >= 0 else -1] ^= 1
    (copy / file).write_bytes(bytes(content))
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(copy)
    assert refused.value.file == file


def test_each_changed_byte_of_the_manifest_is_noticed_or_changes_no_score(made: Exported, copy: Path) -> None:
    """The manifest has no hash in itself; but it can't make another model, spec or column out of the bundle unnoticed."""
    sound = (made.path / "manifest.json").read_bytes()
    expected = made.bundle.score(made.X.head(50))
    for place in range(0, len(sound), 7):
        content = bytearray(sound)
        content[place] ^= 1
        (copy / "manifest.json").write_bytes(bytes(content))
        try:
            bundle = Bundle.open(copy)
            verify(bundle)
        except (InvalidBundle, BundleExpired):
            continue
        assert (bundle.score(made.X.head(50)).probabilities == expected.probabilities).all()


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(file: str, copy: Path) -> None:
    (copy / file).unlink()
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(copy)
    assert refused.value.file == file


def test_a_half_written_manifest_is_refused(copy: Path) -> None:
    content = (copy / "manifest.json").read_bytes()
    (copy / "manifest.json").write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidBundle, match="expected JSON"):
        Bundle.open(copy)


@pytest.mark.parametrize(
    "members",
    [
        {"edgefold": 2},
        {"version": 0},
        {"version": True},
        {"labels": [1]},
        {"threshold": "half"},
        {"expires": "soon"},
        {"spec": "0" * 64},
        {"files": {"../model.onnx": {"sha256": "0", "bytes": 1}}},
        {"features": [{"name": "orders", "type": "number", "input": "strings", "column": 0}]},
        {"version": 1 << 53},
        {"expires": "2027-W01-1"},
        {"expires": "2027-02-30"},
        {"expires": "2027-02-03T24:00Z"},
        {"files": {"model.onnx": {"sha256": "A" * 64, "bytes": 1}}},
        {"files": {}},
    ],
)
def test_a_manifest_of_wrong_members_is_refused(members: dict[str, Any], copy: Path) -> None:
    rewrite(copy, **members)
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(copy)
    assert refused.value.file.startswith(("manifest.json", "reducer.json"))


@pytest.mark.parametrize("member", ["signature", "threshold", "expires", "labels", "parity"])
def test_a_manifest_without_a_member_is_refused(member: str, copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    del manifest[member]
    (copy / "manifest.json").write_bytes(ef.canonical_json(manifest))
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(copy)
    assert refused.value.file == f"manifest.json {member}"


def two_features_in_one_column(manifest: Any) -> None:
    manifest["features"][1]["column"] = manifest["features"][0]["column"]


def a_column_less(manifest: Any) -> None:
    manifest["features"].pop()


def an_input_less(manifest: Any) -> None:
    manifest["model"]["inputs"].pop()


def an_input_twice(manifest: Any) -> None:
    manifest["model"]["inputs"] += manifest["model"]["inputs"][:1]


def an_input_of_another_type(manifest: Any) -> None:
    manifest["model"]["inputs"][0]["type"] = "float"


def an_output_less(manifest: Any) -> None:
    manifest["model"]["outputs"].pop()


def an_output_of_another_type(manifest: Any) -> None:
    manifest["model"]["outputs"][0]["type"] = "int64"


def a_label_more(manifest: Any) -> None:
    manifest["labels"].append(2)


@pytest.mark.parametrize(
    ("change", "file"),
    [
        (two_features_in_one_column, "features"),
        (a_column_less, "features"),
        (an_input_less, "features"),
        (an_input_twice, "model.inputs"),
        (an_input_of_another_type, "model.inputs"),
        (an_output_less, "model.outputs"),
        (an_output_of_another_type, "model.outputs"),
        (a_label_more, "model.outputs"),
    ],
)
def test_features_and_outputs_that_are_not_the_models_are_refused(change: Any, file: str, copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    change(manifest)
    (copy / "manifest.json").write_bytes(ef.canonical_json(manifest))
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(copy)
    assert refused.value.file == f"manifest.json {file}"


def test_labels_of_two_types_stay_what_they_are(made: Exported, copy: Path) -> None:
    rewrite(copy, labels=[0, "yes"])
    assert set(Bundle.open(copy).score(made.X).labels) == {0, "yes"}


def test_swapped_columns_of_a_manifest_are_caught_by_the_golden_cases(copy: Path) -> None:
    features = json.loads((copy / "manifest.json").read_bytes())["features"]
    columns = {feature["name"]: feature for feature in features}
    a, b = columns["orders"], columns["amount_mean"]
    a["column"], b["column"] = b["column"], a["column"]
    rewrite(copy, features=features)
    with pytest.raises(InvalidBundle, match="golden|case"):
        verify(Bundle.open(copy))


def test_a_zip_scores_as_its_directory(made: Exported, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "bundle"), "zip", made.path)
    assert (Bundle.open(archive).score(made.X).scores == made.bundle.score(made.X).scores).all()


def test_what_is_neither_a_directory_nor_a_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_text("not a zip")
    for path in (tmp_path / "bundle.zip", tmp_path / "nowhere"):
        with pytest.raises(InvalidBundle, match="expected a directory, or a .zip"):
            Bundle.open(path)


def test_an_expired_bundle_opens_and_does_not_score(made: Exported, copy: Path) -> None:
    rewrite(copy, expires=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    bundle = Bundle.open(copy)
    with pytest.raises(BundleExpired, match="fetch or export a newer"):
        bundle.score(made.X)


def test_the_threshold_decides_the_label(made: Exported, copy: Path) -> None:
    rewrite(copy, threshold=0.5)
    even = Bundle.open(copy).score(made.X)
    rewrite(copy, threshold=float(np.median(even.scores)))
    half = Bundle.open(copy).score(made.X)
    assert (half.labels == (half.scores >= np.median(even.scores)).astype(int)).all()
    assert (half.labels != even.labels).any() and (half.probabilities == even.probabilities).all()


def test_every_form_of_rows_scores_alike(made: Exported) -> None:
    expected = made.bundle.score(made.X).scores
    table = pa.Table.from_pandas(made.X, preserve_index=False)
    for rows in (table, pl.from_arrow(table), table.to_pylist(), table.append_column("more", [[1] * len(made.X)])):
        assert (made.bundle.score(rows).scores == expected).all()


def test_categories_booleans_and_long_strings_of_arrow_score_alike(made: Exported) -> None:
    table = pa.Table.from_pandas(made.X, preserve_index=False)
    binary = made.X.assign(orders=made.X["orders"] > 2)
    truths = pa.Table.from_pandas(binary, preserve_index=False)
    assert truths["orders"].type == pa.bool_()
    numbers = truths.set_column(0, "orders", truths["orders"].cast(pa.float64()))
    assert table.column_names[0] == "orders"
    assert (made.bundle.score(truths).scores == made.bundle.score(numbers).scores).all()
    expected = made.bundle.score(table).scores
    for name in ("country", "orders"):
        place = table.column_names.index(name)
        for column in (table[name].dictionary_encode(), *([table[name].cast(pa.large_string())] * (name == "country"))):
            assert (made.bundle.score(table.set_column(place, name, column)).scores == expected).all()


def test_no_rows_give_no_scores(made: Exported) -> None:
    scores = made.bundle.score([])
    assert (scores.labels.shape, scores.probabilities.shape, scores.scores.shape) == ((0,), (0, 2), (0,))


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        ({"orders": "three"}, "orders"),
        ({"country": 3}, "country"),
        ({"orders": 10**400}, "orders"),
        ({"orders": None, "country": None}, None),
    ],
)
def test_a_value_of_a_wrong_type_is_named(change: dict[str, Any], feature: str | None, made: Exported) -> None:
    row = pa.Table.from_pandas(made.X.head(1), preserve_index=False).to_pylist()[0] | change
    if feature is None:
        assert made.bundle.score([row]).scores.shape == (1,)
        return
    with pytest.raises(InvalidRows) as refused:
        made.bundle.score([row])
    assert refused.value.feature == feature


def test_a_missing_text_is_missing_as_none_and_as_nan(made: Exported) -> None:
    row = made.bundle.vectors()[0]["features"]
    rows = [row | {"country": missing} for missing in (None, float("nan"), np.float64("nan"))]
    scores = made.bundle.score(rows).scores
    assert scores[0] == scores[1] == scores[2]
    assert (made.bundle.score(pa.Table.from_pylist(rows[:1])).scores == scores[:1]).all()


def test_a_missing_feature_is_named(made: Exported) -> None:
    for rows in (made.X.drop(columns="orders"), [{"country": "GB"}], "rows"):
        with pytest.raises(InvalidRows):
            made.bundle.score(rows)


@pytest.mark.parametrize("more", ["\0", "\0x", "\ud800"])
def test_a_category_with_more_after_it_is_another_as_in_the_page(more: str, made: Exported) -> None:
    row = made.bundle.vectors()[0]["features"]
    ours, longer, other = (row | {"country": country} for country in ("GB", f"GB{more}", "elsewhere"))
    scores = made.bundle.score([ours, longer, other]).scores
    assert scores[0] != scores[1] == scores[2]
    if more != "\ud800":  # which Arrow does not hold
        assert (made.bundle.score(pa.Table.from_pylist([ours, longer, other])).scores == scores).all()


def test_a_bundle_and_its_manifest_print_on_a_line(made: Exported) -> None:
    size = sum(file.stat().st_size for file in made.path.iterdir())
    name, spec = made.bundle.manifest.name, made.bundle.spec
    expected = f"<Bundle {name} version 1 of spec {spec.name} {spec.id[:12]}…: {size:,} bytes>"
    assert repr(Bundle.open(made.path)) == expected
    assert len(repr(made.bundle.manifest)) < 200


def test_a_bundle_that_has_scored_pickles_and_scores_alike(made: Exported) -> None:
    expected = made.bundle.score(made.X.head(50))
    again = pickle.loads(pickle.dumps(made.bundle))
    assert again == made.bundle
    assert (again.score(made.X.head(50)).probabilities == expected.probabilities).all()


@pytest.mark.parametrize(
    "error",
    [InvalidBundle("model.onnx", 1, "2"), BundleExpired("shop", "2027-02-03"), InvalidRows("orders", "x", "a number")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_a_process_with_its_values(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
