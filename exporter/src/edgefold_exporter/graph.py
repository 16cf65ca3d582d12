"""The ONNX graph of a model, built node by node. Everything is double: a float32 anywhere would change decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

from .columns import OTHER, Column, Lookup, Numeric, Step, Value, is_missing

IR_VERSION, OPSET, ML_OPSET = 10, 21, 5
ML = "ai.onnx.ml"
NUMBERS, STRINGS = "numbers", "strings"
_OPERATORS = {"subtract": "Sub", "divide": "Div"}


class Graph:
    """Nodes and constants in the making; ``numbers`` and ``strings`` are the features of the two inputs, in order."""

    def __init__(self, numbers: Sequence[str], strings: Sequence[str]) -> None:
        self.numbers, self.strings = list(numbers), list(strings)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output; return the name of it."""
        output = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [output], domain=domain, **attributes))
        return output

    def constant(self, value: npt.NDArray[Any]) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def matrix(self, columns: Sequence[Column], *, exact: bool) -> tuple[str, list[int]]:
        """Return a double matrix that holds the columns, and the place of each in it.

        ``exact``: it holds no others (so that a product with it has no NaN of another column).
        """
        raw = [column.feature for column in columns if isinstance(column, Numeric) and not column.steps]
        if len(raw) == len(columns) and raw and (not exact or sorted(raw) == sorted(self.numbers)):
            return NUMBERS, [self.numbers.index(feature) for feature in raw]
        places = [0] * len(columns)
        parts: list[str] = []
        width = 0
        for group in _groups(columns):
            members = [columns[index] for index in group]
            first = members[0]
            numeric = [column for column in members if isinstance(column, Numeric)]
            parts.append(self._numeric(numeric) if isinstance(first, Numeric) else self._lookup(first, members))
            for offset, index in enumerate(group):
                places[index] = width + offset
            width += len(group)
        return (parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=1)), places

    def _numeric(self, columns: Sequence[Numeric]) -> str:
        """Add columns that take the same steps, each with its own values. Shape (N, len(columns))."""
        indices = [self.numbers.index(column.feature) for column in columns]
        tensor = NUMBERS
        if indices != list(range(len(self.numbers))):
            tensor = self.node("Gather", NUMBERS, self.constant(np.array(indices, dtype=np.int64)), axis=1)
        for steps in zip(*(column.steps for column in columns), strict=True):
            tensor = self._step(tensor, steps)
        return tensor

    def _step(self, tensor: str, steps: Sequence[Step]) -> str:
        operation = steps[0].operation
        if operation == "is_missing":
            return self.node("Cast", self.node("IsNaN", tensor), to=TensorProto.DOUBLE)
        values = self.constant(np.array([[step.value for step in steps]], dtype=np.float64))
        if operation == "fill":
            return self.node("Where", self.node("IsNaN", tensor), values, tensor)
        return self.node(_OPERATORS[operation], tensor, values)

    def _lookup(self, source: Lookup, columns: Sequence[Column]) -> str:
        """Add all columns that look up one source: its code, then a row of the table of results. Shape (N, len(columns))."""
        lookups = [column for column in columns if isinstance(column, Lookup)]
        known = list(dict.fromkeys(value for column in lookups for value in column.known))
        values: list[Value] = [*known, source.missing]
        table = np.array([[_number(c.function(v)) for c in lookups] for v in (*values, OTHER)], dtype=np.float64)
        codes = np.arange(len(values))
        if source.base is None:
            index = self.constant(np.array(self.strings.index(source.feature), dtype=np.int64))
            column = self.node("Gather", STRINGS, index, axis=1)
            keys = np.array(["" if is_missing(value) else value for value in values], dtype=object)
            code = self._encode(column, keys, codes.astype(np.int64))
        else:
            flat = self.constant(np.array([-1], dtype=np.int64))
            column = self.node("Reshape", self._numeric([source.base]), flat)
            numbers = np.array(values, dtype=np.float64)
            code = self.node("Cast", self._encode(column, numbers, codes.astype(np.float64)), to=TensorProto.INT64)
        return self.node("Gather", self.constant(table), code, axis=0)

    def _encode(self, tensor: str, keys: npt.NDArray[Any], codes: npt.NDArray[Any]) -> str:
        return self.node(
            "LabelEncoder",
            tensor,
            domain=ML,
            keys_tensor=numpy_helper.from_array(keys, "keys"),
            values_tensor=numpy_helper.from_array(codes, "codes"),
            default_tensor=numpy_helper.from_array(np.array([len(codes)], dtype=codes.dtype), "other"),
        )

    def finish(self, raw: str, label_count: int) -> ModelProto:
        """Return the model whose raw scores are ``raw``: (N, 1) for two labels, else (N, label_count)."""
        flat = self.constant(np.array([-1], dtype=np.int64))
        if label_count == 2:
            second = self.node("Sigmoid", raw)
            first = self.node("Sub", self.constant(np.array([[1.0]])), second)
            self._output("Concat", first, second, output="probabilities", axis=1)
            positive = self.node("Greater", raw, self.constant(np.array([[0.0]])))
            self._output("Reshape", self.node("Cast", positive, to=TensorProto.INT32), flat, output="label")
        else:
            self._output("Softmax", raw, output="probabilities", axis=1)
            largest = self.node("ArgMax", raw, axis=1, keepdims=0)
            self._output("Cast", largest, output="label", to=TensorProto.INT32)
        inputs = [
            helper.make_tensor_value_info(name, kind, ["rows", len(features)])
            for name, kind, features in (
                (NUMBERS, TensorProto.DOUBLE, self.numbers),
                (STRINGS, TensorProto.STRING, self.strings),
            )
            if features
        ]
        outputs = [
            helper.make_tensor_value_info("label", TensorProto.INT32, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["rows", label_count]),
        ]
        constants = [constant for constant in self._constants if any(constant.name in n.input for n in self._nodes)]
        graph = helper.make_graph(self._nodes, "edgefold", inputs, outputs, constants)
        domains = {node.domain for node in self._nodes}
        opsets = [helper.make_opsetid("", OPSET)] + ([helper.make_opsetid(ML, ML_OPSET)] if ML in domains else [])
        model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets, producer_name="edgefold")
        checker.check_model(model)
        return model

    def _output(self, operator: str, *inputs: str, output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))


def operators_of(model: ModelProto) -> list[str]:
    """Return the distinct operators, those of another domain with its name before them."""
    return sorted({f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in model.graph.node})


def _groups(columns: Sequence[Column]) -> list[list[int]]:
    """Return the columns' indices in groups that one chain of nodes computes."""
    groups: dict[Any, list[int]] = {}
    for index, column in enumerate(columns):
        if isinstance(column, Numeric):
            key: Any = tuple(step.operation for step in column.steps)
        else:
            key = (column.feature, column.base)
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _number(value: Value) -> float:
    """A result that is no number belongs to a value that the fitted model refuses."""
    return value if isinstance(value, float) else float("nan")
