"""The bundles that a server has, and the one spec that they share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import edgefold_reducer as ef
from edgefold_serving import Bundle, BundleError

from .errors import InvalidConfiguration, NotFound

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class Blob:
    """One file of a bundle; ``sha256`` is of its content."""

    content: bytes
    sha256: str
    media_type: str


@dataclass(frozen=True)
class Catalogue:
    """The spec of the server, its bundles by name, and every file of theirs by SHA-256."""

    spec: ef.Spec
    bundles: Mapping[str, Bundle]
    manifests: Mapping[str, Blob]
    blobs: Mapping[str, Blob]

    def bundle(self, name: str | None) -> Bundle:
        """Return a bundle by name; without one, the first that was given to the server."""
        if name is None and self.bundles:
            return next(iter(self.bundles.values()))
        if name is None or name not in self.bundles:
            raise NotFound(f"bundle {ascii(name)[:80]}", ", ".join(self.bundles) or "none")
        return self.bundles[name]


def open_catalogue(paths: Sequence[Path], spec_path: Path | None) -> Catalogue:
    """Read and verify the bundles, or without one the spec alone.

    Raises:
        InvalidConfiguration: a bundle or spec can't be read, or they are not of one spec.
    """
    bundles: dict[str, Bundle] = {}
    for path in paths:
        try:
            bundle = Bundle.open(path)
        except BundleError as error:
            raise InvalidConfiguration("EDGEFOLD_BUNDLES", str(path), f"a whole bundle ({error})") from error
        if bundle.manifest.name in bundles:
            raise InvalidConfiguration(
                "EDGEFOLD_BUNDLES", str(path), f"another name than {bundle.manifest.name}, which is taken"
            )
        bundles[bundle.manifest.name] = bundle
    specs = {bundle.spec.id: bundle.spec for bundle in bundles.values()}
    if spec_path is not None:
        spec = _read_spec(spec_path)
        specs[spec.id] = spec
    if len(specs) != 1:
        expected = "bundles (and EDGEFOLD_SPEC) that share one spec"
        raise InvalidConfiguration("EDGEFOLD_BUNDLES", f"of the specs {', '.join(id[:12] for id in specs)}", expected)
    blobs = {}
    manifests = {}
    for bundle in bundles.values():
        for name, content in bundle.files.items():
            blob = _blob(name, content)
            blobs[blob.sha256] = blob
        manifests[bundle.manifest.name] = _blob(MANIFEST_FILE, bundle.files[MANIFEST_FILE])
    return Catalogue(next(iter(specs.values())), bundles, manifests, blobs)


def _blob(name: str, content: bytes) -> Blob:
    media_type = "application/json" if name.endswith(".json") else "application/octet-stream"
    return Blob(content, hashlib.sha256(content).hexdigest(), media_type)


def _read_spec(path: Path) -> ef.Spec:
    try:
        return ef.Spec.from_json(path.read_bytes())
    except (OSError, ef.InvalidSpec) as error:
        raise InvalidConfiguration("EDGEFOLD_SPEC", str(path), f"a spec (reducer.json): {error}") from error
