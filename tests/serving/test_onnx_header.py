"""A model's own words on its versions and operators, read without the onnx package, must be those of the manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import onnx
import pytest
from edgefold_serving import Bundle, InvalidBundle
from edgefold_serving.model_file import read_model_file
from onnx import TensorProto, helper

from ..bundles import tree_bundle


def test_what_is_read_is_what_onnx_reads(tmp_path: Path) -> None:
    content = tree_bundle(tmp_path / "bundle").bundle.files["model.onnx"]
    model, found = onnx.load_from_string(content), read_model_file(content)
    assert found.ir_version == model.ir_version == 10
    assert found.opsets == {opset.domain: opset.version for opset in model.opset_import} == {"": 21, "ai.onnx.ml": 5}
    nodes = {f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in model.graph.node}
    assert set(found.operators) == nodes >= {"ai.onnx.ml.TreeEnsemble", "Sigmoid"}


def test_the_operators_of_inner_graphs_are_read_too() -> None:
    value = helper.make_tensor_value_info("y", TensorProto.DOUBLE, [1])
    inner = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "inner", [], [value])
    choose = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    model = helper.make_model(helper.make_graph([choose], "outer", [], [value]))
    assert read_model_file(model.SerializeToString()).operators == ("If", "Neg")


@pytest.mark.parametrize("content", [b"\xff" * 12, b"\x3a\x7f", b"\x0b", b"\x3a\x02\x0a\x7f"])
def test_what_is_no_onnx_file_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="byte"):
        read_model_file(content)


def with_manifest(path: Path, model: bytes, operators: list[str] | None = None) -> None:
    """Put another model into a bundle, with its right hash."""
    manifest = json.loads((path / "manifest.json").read_bytes())
    (path / "model.onnx").write_bytes(model)
    manifest["files"]["model.onnx"] = {"sha256": hashlib.sha256(model).hexdigest(), "bytes": len(model)}
    manifest["model"]["operators"] = operators or manifest["model"]["operators"]
    (path / "manifest.json").write_bytes(ef.canonical_json(manifest))


def newer_ir(model: Any) -> None:
    model.ir_version = 11


def newer_opset(model: Any) -> None:
    model.opset_import[0].version = 22


def another_domain(model: Any) -> None:
    model.opset_import.append(helper.make_opsetid("com.example", 1))


@pytest.mark.parametrize("change", [newer_ir, newer_opset, another_domain])
def test_versions_that_some_runtime_lacks_are_refused(change: Any, tmp_path: Path) -> None:
    model = onnx.load_from_string(tree_bundle(tmp_path / "bundle").bundle.files["model.onnx"])
    change(model)
    with_manifest(tmp_path / "bundle", model.SerializeToString())
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(tmp_path / "bundle")
    assert refused.value.file == "model.onnx versions"


def test_operators_that_the_manifest_does_not_name_are_refused(tmp_path: Path) -> None:
    made = tree_bundle(tmp_path / "bundle")
    with_manifest(made.path, made.bundle.files["model.onnx"], ["Gemm", "Sigmoid"])
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(made.path)
    assert refused.value.file == "model.onnx operators"
