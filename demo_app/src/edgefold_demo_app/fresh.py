"""What need not be made again: a stamp beside each result names all that it was made from."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("edgefold_reducer", "edgefold_serving", "edgefold_exporter", "edgefold_demo_app")
LIBRARIES = ("numpy", "pandas", "scikit-learn", "onnx", "onnxruntime", "duckdb")


def fingerprint(*more: bytes) -> str:
    """Return a hash of the packages' sources, the libraries' versions, and ``more``."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        found = find_spec(package)
        if found is not None and found.origin is not None:
            for path in sorted(Path(found.origin).parent.rglob("*.py")):
                digest.update(path.read_bytes())
    digest.update(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    for part in more:
        digest.update(part)
    return digest.hexdigest()


def is_fresh(stamp: Path, made_from: str) -> bool:
    """Whether a stamp says that its result was made from the same."""
    return stamp.is_file() and stamp.read_text() == made_from
