"""What a model needs of a runtime, read without the onnx package, must be what the format allows and the manifest declares."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import onnx
import pytest
from edgefold_serving import Bundle, InvalidBundle
from edgefold_serving.onnx_header import check_header, read_header
from onnx import ModelProto, TensorProto, helper

from ..bundles import Exported, tree_bundle

FLIPS, SEED = 2_000, 20


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return tree_bundle(tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def copy(made: Exported, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.path, tmp_path / "copy"))


@pytest.fixture
def model(made: Exported) -> ModelProto:
    return onnx.load_from_string(made.bundle.files["model.onnx"])


def put(path: Path, content: bytes, operators: list[str] | None = None) -> None:
    """Put another model into a bundle, with its right hash."""
    manifest = json.loads((path / "manifest.json").read_bytes())
    (path / "model.onnx").write_bytes(content)
    manifest["files"]["model.onnx"] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest["model"]["operators"] = operators or manifest["model"]["operators"]
    (path / "manifest.json").write_bytes(ef.canonical_json(manifest))


def refusal(path: Path, model: ModelProto | bytes, operators: list[str] | None = None) -> InvalidBundle:
    """Return what opening a bundle of another model raises."""
    put(path, model if isinstance(model, bytes) else model.SerializeToString(), operators)
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(path)
    return refused.value


def with_inner_graph(inner: Any) -> ModelProto:
    graph = helper.make_graph([inner], "inner", [], [])
    choose = helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)
    return helper.make_model(helper.make_graph([choose], "outer", [], []))


def test_what_is_read_is_what_onnx_reads(made: Exported, model: ModelProto) -> None:
    found = read_header("model.onnx", made.bundle.files["model.onnx"])
    assert found.ir_version == model.ir_version == 10
    assert found.opsets == {o.domain or "ai.onnx": o.version for o in model.opset_import}
    assert found.opsets == {"ai.onnx": 21, "ai.onnx.ml": 5}
    nodes = {f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in model.graph.node}
    assert set(found.operators) == nodes >= {"ai.onnx.ml.TreeEnsemble", "Sigmoid"}
    assert not found.has_external_data


def test_the_operators_of_inner_graphs_and_functions_are_read_too() -> None:
    model = with_inner_graph(helper.make_node("Neg", ["x"], ["y"]))
    opsets = [helper.make_opsetid("", 22)]
    body = [helper.make_node("Exp", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"], domain="ai.onnx")]
    model.functions.append(helper.make_function("local", "Twice", ["x"], ["y"], body, opsets))
    found = read_header("model.onnx", model.SerializeToString())
    assert (found.operators, found.opsets["ai.onnx"]) == (("Exp", "If", "Neg"), model.opset_import[0].version)


def test_the_many_integers_of_a_tree_ensemble_are_stepped_over() -> None:
    numbers = [0, 1, 127, 128, 2**31, -1] * 1_000
    node = helper.make_node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", a=numbers, b=[0.5, 1e30], c=numbers)
    model = helper.make_model(helper.make_graph([node, helper.make_node("Neg", ["y"], ["z"])], "g", [], []))
    found = read_header("model.onnx", model.SerializeToString())
    assert found.operators == ("Neg", "ai.onnx.ml.TreeEnsemble")


def one_less(operators: list[str]) -> list[str]:
    return operators[1:]


def one_more(operators: list[str]) -> list[str]:
    return [*operators, "Exp"]


def others(operators: list[str]) -> list[str]:
    return ["Exp"] * len(operators)


@pytest.mark.parametrize("change", [one_less, one_more, others])
def test_operators_other_than_the_manifest_lists_are_refused(
    change: Callable[[list[str]], list[str]], made: Exported, model: ModelProto, copy: Path
) -> None:
    own = list(made.bundle.manifest.operators)
    refused = refusal(copy, model, change(own))
    assert (refused.file, refused.value) == ("model.onnx operators", own)
    assert refused.expected == f"{', '.join(sorted(set(change(own))))}, as manifest.json says"


def newer_ir(model: ModelProto) -> None:
    model.ir_version = 11


def no_ir(model: ModelProto) -> None:
    model.ClearField("ir_version")


def newer_opset(model: ModelProto) -> None:
    model.opset_import[0].version = 22


def newer_ml_opset(model: ModelProto) -> None:
    model.opset_import[1].version = 6


def no_ml_opset(model: ModelProto) -> None:
    model.opset_import.pop()


def newer_opset_beside(model: ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("ai.onnx", 22))


def another_domain(model: ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def external_initializer(model: ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def external_attribute(model: ModelProto) -> None:
    tensor = TensorProto(name="t", data_location=TensorProto.EXTERNAL)
    model.graph.node[0].attribute.append(helper.make_attribute("value", tensor))


def zip_map(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("ZipMap", ["p"], ["q"], domain="ai.onnx.ml"))


@pytest.mark.parametrize(
    ("change", "what", "value"),
    [
        (newer_ir, "ir_version", 11),
        (no_ir, "ir_version", 0),
        (newer_opset, "opset_import", "ai.onnx 22"),
        (newer_ml_opset, "opset_import", "ai.onnx.ml 6"),
        (no_ml_opset, "opset_import", "ai.onnx.ml 0"),
        (newer_opset_beside, "opset_import", "ai.onnx 22"),
        (another_domain, "opset_import", "com.example 1"),
        (external_initializer, "data_location", "EXTERNAL"),
        (external_attribute, "data_location", "EXTERNAL"),
        (zip_map, "operators", "ai.onnx.ml.ZipMap"),
    ],
)
def test_what_some_runtime_lacks_is_refused(
    change: Callable[[ModelProto], None], what: str, value: object, model: ModelProto, copy: Path
) -> None:
    change(model)
    refused = refusal(copy, model)
    assert (refused.file, refused.value) == (f"model.onnx {what}", value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * 12,  # an integer without an end
        b"\x3a\x7f",  # a graph longer than the file
        b"\x0b",  # a group
        b"\x00\x00",  # field 0
        b"\x3a\x02\x0a\x7f",  # a node longer than its graph
        b"\x3a\x05\x0a\x03\x22\x01\xff",  # an operator that is not UTF-8
    ],
)
def test_what_is_no_onnx_file_is_refused(content: bytes, copy: Path) -> None:
    refused = refusal(copy, content)
    assert (refused.file, refused.expected) == ("model.onnx", "an ONNX model")
    assert "byte" in str(refused.value)


def test_bytes_that_look_like_another_format_are_loaded_as_the_onnx_that_was_checked(
    made: Exported, copy: Path
) -> None:
    """onnxruntime takes a file for its own format where the bytes 4 .. 7 are ORTM: here they are of a doc_string."""
    put(copy, b"\x32\x06xxORTM" + made.bundle.files["model.onnx"])
    assert (Bundle.open(copy).score(made.X).scores == made.bundle.score(made.X).scores).all()


def test_graphs_nested_beyond_the_limit_of_protobuf_are_refused() -> None:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, 0x80 | len(content) & 0x7F, len(content) >> 7]) + content

    graph = b""
    for depth in range(40):
        if depth == 32:  # the model, its graph, and 32 times node, attribute and graph are 98 messages
            assert read_header("model.onnx", field(7, graph)).operators == ("",)
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(InvalidBundle, match="100 messages in each other"):
        read_header("model.onnx", field(7, graph))


def damaged(content: bytes) -> list[bytes]:
    """Every truncation of a model, and copies with one to three changed bytes."""
    rng = random.Random(SEED)
    copies = [content[:size] for size in range(len(content))]
    for _ in range(FLIPS):
        copy = bytearray(content)
        for place in rng.sample(range(len(copy)), rng.randint(1, 3)):
            copy[place] ^= rng.randint(1, 255)
        copies.append(bytes(copy))
    return copies


def test_each_damage_of_a_model_is_refused_or_leaves_what_it_needs(made: Exported) -> None:
    content, manifest = made.bundle.files["model.onnx"], made.bundle.manifest
    refused = 0
    for copy in damaged(content):
        try:
            check_header(manifest, copy)
        except InvalidBundle:
            refused += 1
            continue
        found = read_header("model.onnx", copy)
        assert (found.operators, set(found.opsets)) == (manifest.operators, {"ai.onnx", "ai.onnx.ml"})
    assert len(content) < refused + 10 < len(content) + FLIPS


def test_an_integer_of_the_file_has_ten_bytes_and_no_more() -> None:
    """Protocol Buffers: "varints … up to ten bytes"."""
    ten = b"\x08\x8a" + b"\x80" * 8 + b"\x00"
    assert read_header("model.onnx", ten).ir_version == 10
    for eleven in (b"\x08\x8a" + b"\x80" * 9 + b"\x00", b"\x88" + b"\x80" * 9 + b"\x00\x0a"):
        with pytest.raises(InvalidBundle, match="an integer without an end"):
            read_header("model.onnx", eleven)
