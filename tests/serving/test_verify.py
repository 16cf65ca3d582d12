"""Golden cases that are not what spec and model make of them are refused by name, whatever they hold instead."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_serving import Bundle, InvalidBundle, InvalidRows, verify
from onnx import TensorProto, helper

from ..bundles import linear_bundle


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return linear_bundle(tmp_path_factory.mktemp("bundle") / "bundle").path


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def replace(path: Path, file: str, content: bytes, **members: Any) -> None:
    """Put another file into a bundle, with its right hash, and change members of the manifest."""
    (path / file).write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_bytes()) | members
    manifest["files"][file] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (path / "manifest.json").write_bytes(ef.canonical_json(manifest))


def refusal(path: Path) -> InvalidBundle:
    bundle = Bundle.open(path)
    with pytest.raises(InvalidBundle) as refused:
        verify(bundle)
    return refused.value


CASES: list[tuple[Callable[[Any], Any], str]] = [
    (lambda case: case["profile"].update(last_ms=1), r"case \".*\" profile$"),
    (lambda case: case["profile"]["state"].popitem(), r"case \".*\" profile$"),
    (lambda case: case.update(replica="another"), r"case \".*\" profile$"),
    (lambda case: case["features"].update(orders=-1), r"case \".*\" feature orders$"),
    (lambda case: case["features"].update(orders=True), r"case \".*\" feature orders$"),
    (lambda case: case["features"].pop("orders"), r"case \".*\" feature orders$"),
    (lambda case: case.update(label="neither"), r"case \".*\" label$"),
    (lambda case: case.update(probabilities=[0.5, 0.5]), r"case \".*\" probabilities$"),
    (lambda case: case["probabilities"].pop(), r"case \".*\" probabilities$"),
    (lambda case: case.pop("profile"), r"case \d+$"),
    (lambda case: case.update(events=""), r"case \d+$"),
    (lambda case: case.update(probabilities=1), r"case \d+$"),
]


@pytest.mark.parametrize(("change", "place"), CASES)
def test_a_golden_case_that_differs_is_named(change: Callable[[Any], Any], place: str, copy: Path) -> None:
    vectors = json.loads((copy / "vectors.json").read_bytes())
    change(next(case for case in vectors["cases"] if len(case["events"]) == 1))
    replace(copy, "vectors.json", json.dumps(vectors).encode())
    with pytest.raises(InvalidBundle, match=rf"^vectors.json {place.removesuffix('$')} is "):
        verify(Bundle.open(copy))


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"[]", b'{"spec": "", "cases": []}'])
def test_golden_cases_that_are_none_are_refused(content: bytes, copy: Path) -> None:
    replace(copy, "vectors.json", content)
    assert refusal(copy).file == "vectors.json"


def test_golden_cases_without_a_list_are_refused(copy: Path) -> None:
    vectors = json.loads((copy / "vectors.json").read_bytes()) | {"cases": {}}
    replace(copy, "vectors.json", json.dumps(vectors).encode())
    assert refusal(copy).file == "vectors.json"


def of_one_number(index: int, label: int) -> bytes:
    """Return a model whose probabilities are column ``index`` twice, and whose label is always ``label``."""
    double, int64 = TensorProto.DOUBLE, TensorProto.INT64
    nodes = [
        helper.make_node("Gather", ["numbers", "index"], ["column"], axis=1),
        helper.make_node("Concat", ["column", "column"], ["probabilities"], axis=1),
        helper.make_node("ArgMin", ["column"], ["zero"], axis=1, keepdims=0),
        helper.make_node("Add", ["zero", "own"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["label"], to=TensorProto.INT32),
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT32, ["rows"]),
        helper.make_tensor_value_info("probabilities", double, ["rows", 2]),
    ]
    constants = [helper.make_tensor("index", int64, [1], [index]), helper.make_tensor("own", int64, [1], [label])]
    inputs = [helper.make_tensor_value_info("numbers", double, ["rows", 1])]
    graph = helper.make_graph(nodes, "one", inputs, outputs, constants)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    return bytes(model.SerializeToString())


def put_one_number(path: Path, index: int, label: int) -> None:
    """Put the model of one number into a bundle, over the feature orders."""
    manifest = json.loads((path / "manifest.json").read_bytes())
    model = manifest["model"] | {
        "inputs": [{"name": "numbers", "type": "double", "shape": [None, 1]}],
        "operators": ["Add", "ArgMin", "Cast", "Concat", "Gather"],
    }
    features = [{"name": "orders", "type": "number", "input": "numbers", "column": 0}]
    replace(path, "model.onnx", of_one_number(index, label), model=model, features=features)


@pytest.mark.parametrize(
    ("index", "label", "file", "expected"),
    [
        (5, 0, "model.onnx", "a model that runs"),
        (0, 2, "model.onnx label", "2 labels"),
        (0, -1, "model.onnx label", "2 labels"),
    ],
)
def test_a_model_that_fails_or_answers_no_label_is_refused(
    index: int, label: int, file: str, expected: str, copy: Path
) -> None:
    put_one_number(copy, index, label)
    refused = refusal(copy)
    assert refused.file == file and expected in refused.expected


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_model_that_answers_nan_has_no_score_and_the_feature_that_it_lacks_is_named(
    missing: float | None, copy: Path
) -> None:
    """BUNDLE.md: "InvalidRows names the feature that it can't do without"."""
    put_one_number(copy, 0, 0)
    bundle = Bundle.open(copy)
    assert bundle.score([{"orders": 0.25}]).scores.tolist() == [0.25]
    with pytest.raises(InvalidRows, match="row 1") as refused:
        bundle.score([{"orders": 0.25}, {"orders": missing}])
    assert refused.value.feature == "orders"


def test_one_golden_probability_is_not_taken_for_all(copy: Path) -> None:
    put_one_number(copy, 0, 0)
    vectors = json.loads((copy / "vectors.json").read_bytes())
    case = next(case for case in vectors["cases"] if case["events"] == [] and case["attributes"])
    for probabilities, fits in (([0.0, 0.0], True), ([0.0], False), ([0.0, 0.0, 0.0], False)):
        told = vectors | {"cases": [case | {"label": 0, "probabilities": probabilities}]}
        replace(copy, "vectors.json", json.dumps(told).encode())
        if fits:
            assert verify(Bundle.open(copy)).cases == 1
        else:
            assert refusal(copy).file.endswith("probabilities")


def test_the_largest_difference_of_all_cases_is_told(copy: Path) -> None:
    vectors = json.loads((copy / "vectors.json").read_bytes())
    tolerance = Bundle.open(copy).manifest.tolerance
    vectors["cases"][0]["probabilities"][0] += tolerance / 2
    replace(copy, "vectors.json", json.dumps(vectors).encode())
    assert tolerance / 4 < verify(Bundle.open(copy)).largest_difference <= tolerance


@pytest.mark.parametrize(("tolerance", "fits"), [(0.25, True), (0.125, False)])
def test_a_difference_may_be_the_tolerance_itself(tolerance: float, fits: bool, copy: Path) -> None:
    put_one_number(copy, 0, 0)
    manifest = json.loads((copy / "manifest.json").read_bytes())
    vectors = json.loads((copy / "vectors.json").read_bytes())
    case = next(case for case in vectors["cases"] if case["events"] == [] and case["attributes"])
    told = vectors | {"cases": [case | {"label": 0, "probabilities": [0.25, 0.0]}]}
    parity = manifest["parity"] | {"tolerance": tolerance}
    replace(copy, "vectors.json", json.dumps(told).encode(), parity=parity)
    if fits:
        assert verify(Bundle.open(copy)).largest_difference == 0.25
    else:
        assert refusal(copy).file.endswith("probabilities")


def test_a_model_whose_tensors_have_other_shapes_than_the_manifest_says_is_refused(copy: Path) -> None:
    put_one_number(copy, 0, 0)
    manifest = json.loads((copy / "manifest.json").read_bytes())
    two = [
        {"name": name, "type": "number", "input": "numbers", "column": place}
        for place, name in enumerate(("orders", "coupons"))
    ]
    wide = manifest["model"] | {"inputs": [{"name": "numbers", "type": "double", "shape": [None, 2]}]}
    label, probabilities = manifest["model"]["outputs"]
    three = manifest["model"] | {"outputs": [label, probabilities | {"shape": [None, 3]}]}
    for members, place in (
        ({"model": wide, "features": two}, "inputs"),
        ({"model": three, "labels": [0, 1, 2]}, "outputs"),
    ):
        (copy / "manifest.json").write_bytes(ef.canonical_json(manifest | members))
        with pytest.raises(InvalidBundle) as refused:
            Bundle.open(copy)
        assert refused.value.file == f"model.onnx {place}"
