"""onnxruntime-web, which the page scores by, says what the fitted model says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgefold_exporter import export
from edgefold_serving.rows import as_inputs

from ..bundles import spec, training_rows
from .check import random_rows
from .models import PIPELINES, TREES, labels_of

ROWS = 300
CHOSEN = (  # between them, every operator and type that the exporter writes
    "numbers one-hot",
    "scaled, then imputed",
    "ordinal strings",
    "most frequent string",
    "nested",
    "numbers only",
    "numbers as categories",
    "encoded, imputed, scaled",
    "strings only",
)
pytestmark = [
    pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning"),
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node"),
]


def test_the_pages_runtime_and_the_models_agree(tmp_path: Path) -> None:
    X, y = training_rows()
    questions, answers = [], []
    for number, name in enumerate(CHOSEN):
        model = PIPELINES[name]().fit(X, labels_of("three texts" if number % 2 else "binary", y, X))
        bundle = export(model, spec, X, tmp_path / str(number))
        asked = random_rows(model, X, ROWS, number)
        inputs, count = as_inputs(bundle.manifest, asked)
        questions.append(question(tmp_path / str(number) / "model.onnx", inputs, count))
        answers.append((name, model, asked))
    script = Path(__file__).with_name("score.mjs")
    run = subprocess.run(["node", script], input="\n".join(questions), capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert len(lines) == len(CHOSEN)
    for line, (name, model, asked) in zip(lines, answers, strict=True):
        found = json.loads(line)
        expected = model.predict_proba(asked)
        probabilities = np.frombuffer(bytes.fromhex(found["probabilities"])).reshape(expected.shape)
        assert (model.classes_[found["label"]] == model.predict(asked)).all(), name
        # the exponential of WebAssembly's C library may differ by an ulp; a dot product is summed in another order
        assert np.abs(probabilities - expected).max() <= (1e-15 if name in TREES else 1e-12), name


def question(path: Path, inputs: dict[str, Any], count: int) -> str:
    numbers, strings = inputs.get("numbers"), inputs.get("strings")
    return json.dumps(
        {
            "path": str(path),
            "rows": count,
            "numbers": None if numbers is None else np.ascontiguousarray(numbers).tobytes().hex(),
            "strings": None if strings is None else strings.ravel().tolist(),
        }
    )
