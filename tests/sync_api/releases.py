"""Other versions of a bundle: the same model under a later version, or for a spec with one more feature."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import edgefold_reducer as ef

from tests import bundles

wider = ef.Spec(
    "repurchase",
    events=list(bundles.spec.events.values()),
    attributes=bundles.spec.attributes,
    features={feature.name: feature.node for feature in bundles.spec.features}
    | {"gifts": ef.count(bundles.order, where=bundles.order.gift == True)},  # noqa: E712  # an expression
    triggers=[bundles.order],
)
"""The spec of ``tests.bundles`` with the feature ``gifts``."""


def release(bundle: Path, path: Path, spec: ef.Spec = bundles.spec, **members: Any) -> Path:
    """Write a copy of a bundle to ``path``, with other members of its manifest and of a spec that has its features."""
    shutil.copytree(bundle, path)
    manifest = json.loads((path / "manifest.json").read_bytes())
    text = spec.to_json().encode()
    (path / "reducer.json").write_bytes(text)
    manifest["files"]["reducer.json"] |= {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    (path / "manifest.json").write_text(json.dumps(manifest | {"spec": spec.id} | members), "utf-8")
    return path
