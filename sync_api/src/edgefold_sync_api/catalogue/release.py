"""The values of the catalogue: a published bundle, one of its files, and what is in effect at a revision."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgefold_serving import Bundle

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class Blob:
    """One file of a bundle; ``sha256`` is of its content."""

    content: bytes
    sha256: str
    media_type: str


@dataclass(frozen=True)
class Release:
    """A published bundle. ``manifest`` is the SHA-256 of its manifest, ``spec`` the id of its spec."""

    name: str
    version: int
    manifest: str
    spec: str


@dataclass(frozen=True)
class Snapshot:
    """What is in effect at a revision of the catalogue: the newest spec's id (None before any), and the active releases by name."""

    revision: int = 0
    newest: str | None = None
    releases: Mapping[str, Release] = field(default_factory=dict)


def release_of(bundle: Bundle) -> Release:
    """Return a bundle as it is published."""
    manifest = bundle.manifest
    return Release(
        manifest.name, manifest.version, hashlib.sha256(bundle.files[MANIFEST_FILE]).hexdigest(), bundle.spec.id
    )


def blobs_of(bundle: Bundle) -> list[Blob]:
    """Return every file of a bundle, its manifest among them."""
    return [
        Blob(
            content,
            hashlib.sha256(content).hexdigest(),
            "application/json" if name.endswith(".json") else "application/octet-stream",
        )
        for name, content in bundle.files.items()
    ]
