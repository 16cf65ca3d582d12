"""HistGradientBoostingClassifier to TreeEnsemble (ai.onnx.ml 5), with its own thresholds, in double.

A node sends x <= threshold to the true side, and NaN to the side that the model learned for missing values. A node on categories looks at a
column of 0 (to the left), 1 (to the right) or NaN (missing or never seen), with the threshold 0.5. The first tree of each output is the
baseline, so that the sum has scikit-learn's order and the raw scores are the same doubles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import numpy_helper

from .columns import Column, Lookup, Value, as_lookup, is_nan
from .errors import UnsupportedModel
from .graph import ML, Graph
from .transformers import columns_after

SUM, NO_TRANSFORM, LESS_OR_EQUAL = 1, 0, 0


@dataclass(frozen=True)
class Split:
    """A node of one tree: ``column`` (of the ensemble's) <= ``threshold`` goes to ``left``; a child is a node, or a leaf's value."""

    column: int
    threshold: float
    missing_left: bool
    left: int | float
    right: int | float


@dataclass(frozen=True)
class Tree:
    """Splits, of which the first is the root, and the output that the tree adds to."""

    output: int
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class Ensemble:
    """Trees over columns; ``outputs`` is 1 for two labels, else their number."""

    columns: tuple[Column, ...]
    trees: tuple[Tree, ...]
    outputs: int


def ensemble_of(model: Any, columns: Sequence[Column]) -> Ensemble:
    """Return the trees of a fitted HistGradientBoostingClassifier over its input columns."""
    inputs = _inputs(model, list(columns))
    made: list[Column] = []
    places: dict[Any, int] = {}

    def place(key: Any, column: Column) -> int:
        if key not in places:
            places[key] = len(made)
            made.append(column)
        return places[key]

    def split(node: Any, left_sets: Any) -> tuple[int, float]:
        feature = int(node["feature_idx"])
        if not node["is_categorical"]:
            return place(feature, inputs[feature]), float(node["num_threshold"])
        bits = left_sets[node["bitset_idx"]]
        return place((feature, bits.tobytes()), _sides(as_lookup(inputs[feature]), bits)), 0.5

    # raw scores start from the baseline: a tree whose root has it on both sides
    constant = [float(value) for value in np.asarray(model._baseline_prediction).ravel()]
    trees = [Tree(output, (Split(0, 0.0, False, value, value),)) for output, value in enumerate(constant)]
    for iteration in model._predictors:
        for output, predictor in enumerate(iteration):
            trees.append(Tree(output, _splits(predictor, split)))
    return Ensemble(tuple(made or inputs[:1]), tuple(trees), len(constant))


def _inputs(model: Any, columns: list[Column]) -> list[Column]:
    """Return the columns as the trees number them: categorical ones first, as their codes."""
    if model.is_categorical_ is None:
        return columns
    if not hasattr(model, "_preprocessor") or model._preprocessor is None:
        raise UnsupportedModel(
            type(model).__name__, "categorical_features", model.categorical_features, "the layout of scikit-learn 1.9",
            "Fit the model again by scikit-learn 1.9.",
        )  # fmt: skip
    categorical = [column for column, is_so in zip(columns, model.is_categorical_, strict=True) if is_so]
    numerical = [column for column, is_so in zip(columns, model.is_categorical_, strict=True) if not is_so]
    return columns_after(model._preprocessor.named_transformers_["encoder"], categorical) + numerical


def _sides(codes: Lookup, left: Any) -> Lookup:
    def side(code: Value) -> Value:
        if not isinstance(code, float) or is_nan(code):
            return float("nan")
        return 0.0 if (int(left[int(code) // 32]) >> (int(code) % 32)) & 1 else 1.0

    return codes.then(side)


def _splits(predictor: Any, split: Any) -> tuple[Split, ...]:
    nodes = predictor.nodes
    if nodes[0]["is_leaf"]:
        value = float(nodes[0]["value"])
        return (Split(0, 0.0, False, value, value),)
    number = {int(index): place for place, index in enumerate(np.flatnonzero(nodes["is_leaf"] == 0))}

    def child(index: int) -> int | float:
        return float(nodes[index]["value"]) if nodes[index]["is_leaf"] else number[index]

    made = []
    for index in number:
        node = nodes[index]
        column, threshold = split(node, predictor.raw_left_cat_bitsets)
        left, right = child(int(node["left"])), child(int(node["right"]))
        made.append(Split(column, threshold, bool(node["missing_go_to_left"]), left, right))
    return tuple(made)


@dataclass
class _Arrays:
    """The attributes of TreeEnsemble, a node or a leaf at a time."""

    roots: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    missing_true: list[int] = field(default_factory=list)
    true_ids: list[int] = field(default_factory=list)
    true_leafs: list[int] = field(default_factory=list)
    false_ids: list[int] = field(default_factory=list)
    false_leafs: list[int] = field(default_factory=list)
    leaf_outputs: list[int] = field(default_factory=list)
    leaf_weights: list[float] = field(default_factory=list)

    def child(self, child: int | float, output: int, root: int) -> tuple[int, int]:
        """Return (id, whether it is a leaf) of a child, adding its leaf."""
        if isinstance(child, int):
            return root + child, 0
        self.leaf_outputs.append(output)
        self.leaf_weights.append(child)
        return len(self.leaf_weights) - 1, 1


def add_trees(graph: Graph, ensemble: Ensemble) -> str:
    """Add the ensemble to a graph; return its raw scores, (N, outputs)."""
    matrix, places = graph.matrix(ensemble.columns, exact=False)
    arrays = _Arrays()
    for tree in ensemble.trees:
        root = len(arrays.features)
        arrays.roots.append(root)
        for split in tree.splits:
            arrays.features.append(places[split.column])
            arrays.thresholds.append(split.threshold)
            arrays.missing_true.append(int(split.missing_left))
            for child, ids, leafs in (
                (split.left, arrays.true_ids, arrays.true_leafs),
                (split.right, arrays.false_ids, arrays.false_leafs),
            ):
                number, is_leaf = arrays.child(child, tree.output, root)
                ids.append(number)
                leafs.append(is_leaf)
    modes = np.full(len(arrays.features), LESS_OR_EQUAL, dtype=np.uint8)
    return graph.node(
        "TreeEnsemble",
        matrix,
        domain=ML,
        aggregate_function=SUM,
        post_transform=NO_TRANSFORM,
        n_targets=ensemble.outputs,
        tree_roots=arrays.roots,
        nodes_featureids=arrays.features,
        nodes_modes=numpy_helper.from_array(modes, "modes"),
        nodes_splits=numpy_helper.from_array(np.array(arrays.thresholds, dtype=np.float64), "thresholds"),
        nodes_missing_value_tracks_true=arrays.missing_true,
        nodes_truenodeids=arrays.true_ids,
        nodes_trueleafs=arrays.true_leafs,
        nodes_falsenodeids=arrays.false_ids,
        nodes_falseleafs=arrays.false_leafs,
        leaf_targetids=arrays.leaf_outputs,
        leaf_weights=numpy_helper.from_array(np.array(arrays.leaf_weights, dtype=np.float64), "leaves"),
    )
