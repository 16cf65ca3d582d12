"""The very moments and values that BUNDLE.md names: each test quotes the sentence that it holds."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from edgefold_exporter import export
from edgefold_serving import Bundle, InvalidBundle, InvalidRows
from edgefold_serving.manifest import _threshold as parse_threshold
from edgefold_serving.manifest import as_time
from edgefold_serving.rows import as_inputs
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ..bundles import NUMBERS, STRINGS, Exported, linear_bundle, spec, training_rows, tree_bundle


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return tree_bundle(tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def copy(made: Exported, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.path, tmp_path / "copy"))


def opened(path: Path, **members: Any) -> Bundle:
    """Open a bundle after its manifest's members have changed."""
    file = path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | members))
    return Bundle.open(path)


# "expires is an ISO 8601 time; one without a zone is UTC. At that moment the bundle is expired."


@pytest.mark.parametrize("text", ["2027-02-03T04:05:06Z", "2027-02-03T04:05:06", "2027-02-03T01:05:06-03:00"])
def test_a_bundle_is_expired_at_its_very_moment_and_not_before(text: str, made: Exported) -> None:
    manifest = replace(made.bundle.manifest, expires=text)
    moment = datetime(2027, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert manifest.expired(moment)
    assert manifest.expired(moment.astimezone(timezone(timedelta(hours=9))))
    assert manifest.expired(moment + timedelta(days=400))
    assert not manifest.expired(moment - timedelta(microseconds=1))


@pytest.fixture
def zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Etc/GMT-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone_of_the_machine")
def test_a_time_without_a_zone_is_utc_whatever_the_machine_says() -> None:
    assert as_time("2027-02-03T04:05:06") == datetime(2027, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_a_bundle_without_a_last_moment_never_expires(made: Exported) -> None:
    assert not replace(made.bundle.manifest, expires=None).expired(datetime.max.replace(tzinfo=UTC))


def test_a_day_alone_is_its_midnight() -> None:
    assert as_time("2027-02-03") == datetime(2027, 2, 3, tzinfo=UTC)


# "a number t (two labels only) gives labels[1] when probabilities[1] >= t, else labels[0]"


@pytest.mark.parametrize("row", [0, 7, 123])
def test_a_threshold_that_is_met_exactly_gives_the_second_label(row: int, made: Exported, copy: Path) -> None:
    rows = made.X.iloc[[row]]
    chance = float(made.bundle.score(rows).probabilities[0, 1])
    assert opened(copy, threshold=chance).score(rows).labels.tolist() == [1]
    assert opened(copy, threshold=math.nextafter(chance, 2)).score(rows).labels.tolist() == [0]
    assert opened(copy, threshold=math.nextafter(chance, 0)).score(rows).labels.tolist() == [1]


def test_the_thresholds_0_and_1_give_the_second_label_to_all_and_to_none(made: Exported, copy: Path) -> None:
    assert set(opened(copy, threshold=0).score(made.X).labels) == {1}
    assert set(opened(copy, threshold=1).score(made.X).labels) == {0}


# "score is probabilities[1] with two labels, else the probability of the predicted label"


def test_the_score_is_the_second_labels_probability_whichever_label_is_predicted(made: Exported, copy: Path) -> None:
    scores = opened(copy, threshold=1).score(made.X)
    assert (scores.scores == scores.probabilities[:, 1]).all()
    assert np.ptp(scores.scores) > 0


def test_no_rows_have_a_column_for_each_label(tmp_path: Path) -> None:
    X, y = training_rows()
    model = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=50)).fit(X[["orders"]], y + (X["orders"] > 3))
    scores = export(model, spec, X[["orders"]], tmp_path / "three").score([])
    assert (scores.labels.shape, scores.probabilities.shape) == ((0,), (0, 3))


# "A model that answers NaN has no score: InvalidRows names the feature that it can't do without"


def test_a_number_without_bounds_that_a_model_has_no_answer_for_is_named(tmp_path: Path) -> None:
    bundle = linear_bundle(tmp_path / "bundle").bundle
    numbers = {name: float("inf") for name in NUMBERS}
    with pytest.raises(InvalidRows, match="a finite number in row 0") as refused:
        bundle.score([numbers | dict.fromkeys(STRINGS)])
    assert (refused.value.feature, refused.value.value) == (NUMBERS[0], float("inf"))


# "A missing string is ''. In a string, NUL and lone surrogates reach the model as U+FFFD"


def test_the_strings_of_the_tensor_are_what_every_runtime_holds(made: Exported) -> None:
    texts = ["GB", "GB\0", "\0", None, ""]
    row = made.bundle.vectors()[0]["features"]
    rows = [row | {"country": text} for text in texts]
    place = next(f.column for f in made.bundle.manifest.features if f.name == "country")
    for given in (rows, pa.Table.from_pylist(rows)):
        strings = as_inputs(made.bundle.manifest, given)[0]["strings"][:, place]
        assert strings.tolist() == ["GB", "GB\ufffd", "\ufffd", "", ""]
    [[lone]] = as_inputs(made.bundle.manifest, [row | {"country": "\ud800\udc00"}])[0]["strings"][:, [place]]
    assert lone == "\ufffd\ufffd"


def test_numbers_in_the_place_of_strings_are_refused_but_where_none_is_there(made: Exported) -> None:
    table = pa.Table.from_pylist([made.bundle.vectors()[0]["features"]] * 2)
    place = table.column_names.index("country")

    def with_country(values: list[float | None]) -> pa.Table:
        return table.slice(0, len(values)).set_column(place, "country", [pa.array(values, pa.float64())])

    missing = made.bundle.score(table.set_column(place, "country", [pa.array([None, None], pa.string())])).scores
    assert (made.bundle.score(with_country([float("nan"), None])).scores == missing).all()
    assert made.bundle.score(with_country([])).scores.shape == (0,)
    for values in ([1.5, None], [float("nan"), 0.0], [1.0, 2.0]):
        with pytest.raises(InvalidRows, match="country"):
            made.bundle.score(with_country(values))


# "a version below the active one": 1 .. 2^53 - 1, sizes from 0


@pytest.mark.parametrize(("version", "fits"), [(1, True), (2**53 - 1, True), (0, False), (2**53, False)])
def test_a_version_is_an_integer_that_every_language_holds(version: int, fits: bool, copy: Path) -> None:
    if fits:
        assert opened(copy, version=version).manifest.version == version
    else:
        with pytest.raises(InvalidBundle, match="version"):
            opened(copy, version=version)


@pytest.mark.parametrize(("tolerance", "fits"), [(0, True), (0.999, True), (1, False), (-1e-9, False)])
def test_a_tolerance_is_of_0_to_1(tolerance: float, fits: bool, copy: Path) -> None:
    parity = json.loads((copy / "manifest.json").read_bytes())["parity"] | {"tolerance": tolerance}
    if fits:
        assert opened(copy, parity=parity).manifest.tolerance == tolerance
    else:
        with pytest.raises(InvalidBundle, match="tolerance"):
            opened(copy, parity=parity)


# "manifest.json: the members above, all of them there": each is what it says, and nothing that Python takes for it


@pytest.mark.parametrize("labels", [[0], [], [0, None], [0, [1]], [0, {}]])
def test_labels_are_two_or_more_plain_values(labels: list[Any], copy: Path) -> None:
    model = json.loads((copy / "manifest.json").read_bytes())["model"]
    model["outputs"][1]["shape"] = [None, len(labels)]
    with pytest.raises(InvalidBundle) as refused:
        opened(copy, labels=labels, model=model)
    assert refused.value.file in ("manifest.json labels", "manifest.json model.outputs.shape")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("edgefold", True),
        ("edgefold", None),
        ("threshold", True),
        ("threshold", "0.5"),
        ("version", 1.0),
        ("name", ""),
        ("signature", False),
    ],
)
def test_a_member_of_another_type_is_refused_by_its_name(member: str, value: object, copy: Path) -> None:
    with pytest.raises(InvalidBundle) as refused:
        opened(copy, **{member: value})
    assert refused.value.file == f"manifest.json {member}"


@pytest.mark.parametrize("name", ["../model.onnx", "a/b", "a\\b", ".hidden", "..", "\\x"])
def test_a_file_has_a_plain_name(name: str, copy: Path) -> None:
    files = json.loads((copy / "manifest.json").read_bytes())["files"]
    with pytest.raises(InvalidBundle) as refused:
        opened(copy, files=files | {name: {"sha256": "0" * 64, "bytes": 0}})
    assert (refused.value.file, refused.value.value) == ("manifest.json files", name)


def test_a_threshold_needs_two_labels() -> None:
    for labels, fits in ((2, True), (3, False)):
        if fits:
            assert parse_threshold(0.5, labels) == 0.5
        else:
            with pytest.raises(InvalidBundle, match="two labels"):
                parse_threshold(0.5, labels)


def test_a_file_of_the_same_size_and_another_content_is_noticed_and_so_is_a_size_that_is_false(copy: Path) -> None:
    files = json.loads((copy / "manifest.json").read_bytes())["files"]
    wrong = files | {"vectors.json": files["vectors.json"] | {"bytes": files["vectors.json"]["bytes"] + 1}}
    with pytest.raises(InvalidBundle) as refused:
        opened(copy, files=wrong)
    assert refused.value.file == "vectors.json"


@pytest.mark.parametrize("lacking", ["model.onnx", "vectors.json", "reducer.json"])
def test_the_manifest_lists_every_file_that_it_needs(lacking: str, copy: Path) -> None:
    files = json.loads((copy / "manifest.json").read_bytes())["files"]
    del files[lacking]
    with pytest.raises(InvalidBundle) as refused:
        opened(copy, files=files)
    assert refused.value.file == "manifest.json files" and lacking in refused.value.expected


def test_the_outputs_are_exactly_two_each_once(copy: Path) -> None:
    """BUNDLE.md: "the outputs are exactly label and probabilities"."""
    model = json.loads((copy / "manifest.json").read_bytes())["model"]
    for outputs in (model["outputs"] + model["outputs"][:1], model["outputs"][:1] * 2, model["outputs"] * 2):
        with pytest.raises(InvalidBundle, match=r"model\.outputs"):
            opened(copy, model=model | {"outputs": outputs})
    assert opened(copy, model=model | {"outputs": model["outputs"][::-1]}).manifest.labels == (0, 1)


# "then that reducer.json is the spec of that id, and that it has the features, of these types"


def test_a_feature_of_the_spec_under_another_type_is_refused(copy: Path) -> None:
    features = json.loads((copy / "manifest.json").read_bytes())["features"]
    named = {feature["name"]: feature for feature in features}
    named["orders"]["name"], named["country"]["name"] = "country", "orders"
    with pytest.raises(InvalidBundle) as refused:
        opened(copy, features=features)
    assert refused.value.file == "manifest.json features"
    assert set(refused.value.value) == {"orders", "country"}  # type: ignore[call-overload]  # a list of names


def test_a_zip_that_says_a_file_is_larger_than_any_is_not_read(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = shutil.make_archive(str(copy), "zip", copy)
    size = max(file.stat().st_size for file in copy.iterdir())
    monkeypatch.setattr("edgefold_serving.bundle.MAX_FILE_BYTES", size)
    assert Bundle.open(archive).spec.name == "repurchase"
    monkeypatch.setattr("edgefold_serving.bundle.MAX_FILE_BYTES", size - 1)
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(archive)
    assert refused.value.value == size
