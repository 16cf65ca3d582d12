"""The conformance corpus, read for the Python runners."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[1] / "conformance"
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "-0": -0.0}


def corpus_files() -> list[Path]:
    """Return the files of the corpus; an empty corpus is an error, since nothing would be checked."""
    files = sorted(path for path in CORPUS.glob("*.json") if path.name != "schema.json")
    assert files, f"no case file in {CORPUS}"
    return files


def cases(*kinds: str) -> Iterator[tuple[str, dict[str, Any] | None, dict[str, Any]]]:
    """Yield (label, spec JSON or None, case) of the cases of these kinds."""
    for path in corpus_files():
        document = json.loads(path.read_text("utf-8"))
        for case in document["cases"]:
            if case["kind"] in kinds:
                specs = {"specs": document["specs"]} if "specs" in document else {}
                yield f"{path.stem}: {case['name']}", document.get("spec"), with_floats(case) | specs


def with_floats(value: Any) -> Any:
    """Return JSON with each ``{"$float": …}`` as the number it stands for."""
    if isinstance(value, dict):
        if value.keys() == {"$float"}:
            return _FLOATS[value["$float"]]
        return {name: with_floats(member) for name, member in value.items()}
    return [with_floats(item) for item in value] if isinstance(value, list) else value


def same_bits(a: object, b: object) -> bool:
    """Whether two read-outs are the same: None stands for NaN or a missing string, and 0.0 is not -0.0."""
    a, b = (None if isinstance(x, float) and math.isnan(x) else x for x in (a, b))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return float(a).hex() == float(b).hex()
    return a == b
