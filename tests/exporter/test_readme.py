"""The examples of both READMEs run as they are written, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from edgefold_serving import Scores, Verification

ROOT = Path(__file__).parents[2]


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for package in ("exporter", "serving"):
        (code,) = re.findall(r"```python\n(.*?)```", (ROOT / package / "README.md").read_text("utf-8"), re.DOTALL)
        exec(code, names)
        names["rows"] = names["X"]
    assert isinstance(names["scores"], Scores) and len(names["scores"].scores) == 3
    assert isinstance(names["verify"](names["bundle"]), Verification)  # type: ignore[operator]  # a function
    assert (tmp_path / "repurchase" / "manifest.json").exists()
