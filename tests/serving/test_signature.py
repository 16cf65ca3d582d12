"""A signature that nobody verifies is refused, not passed by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from edgefold_serving import Bundle, InvalidBundle

from ..bundles import linear_bundle


def test_a_manifest_with_a_signature_is_refused(tmp_path: Path) -> None:
    linear_bundle(tmp_path / "bundle")
    manifest = tmp_path / "bundle" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | {"signature": "MEUCIQ"}))
    with pytest.raises(InvalidBundle) as refused:
        Bundle.open(tmp_path / "bundle")
    assert (refused.value.file, refused.value.value) == ("manifest.json signature", "MEUCIQ")
