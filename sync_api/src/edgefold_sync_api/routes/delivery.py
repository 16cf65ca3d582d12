"""Bundles: manifests that live a minute, and blobs that never change."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..catalogue import Blob
from ..errors import NotFound
from ..server import current_server

MANIFEST_CACHE = "public, max-age=60"
BLOB_CACHE = "public, max-age=31536000, immutable"

blueprint = Blueprint("delivery", __name__)


@blueprint.get("/v1/bundles/<name>/manifest")
def get_manifest(name: str) -> Response:
    """Answer a bundle's manifest."""
    catalogue = current_server().catalogue
    return _conditional(catalogue.manifests[catalogue.bundle(name).manifest.name], MANIFEST_CACHE)


@blueprint.get("/v1/blobs/<sha256>")
def get_blob(sha256: str) -> Response:
    """Answer a file of a bundle, by its content."""
    blob = current_server().catalogue.blobs.get(sha256)
    if blob is None:
        raise NotFound(f"blob {ascii(sha256)[:80]}", "every file that a manifest of this server names")
    return _conditional(blob, BLOB_CACHE)


def _conditional(blob: Blob, cache: str) -> Response:
    answer = Response(blob.content, mimetype=blob.media_type, headers={"Cache-Control": cache})
    answer.set_etag(blob.sha256)
    answer.make_conditional(request)
    return answer
