"""Bundles: manifests that live a minute, and blobs that never change."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..catalogue import Blob
from ..errors import NotFound
from ..server import current_server

MANIFEST_CACHE = "public, max-age=60"
RELEASE_HEADER = "Edgefold-Release"
"""A client takes an older version where this number is larger than that of the version it has: it was rolled back."""
BLOB_CACHE = "public, max-age=31536000, immutable"

blueprint = Blueprint("delivery", __name__)


@blueprint.get("/v1/bundles/<name>/manifest")
def get_manifest(name: str) -> Response:
    """Answer a bundle's manifest."""
    catalogue = current_server().catalogue
    revision = (
        catalogue.revision
    )  # first: a number that is too small is mended by the next answer, one too large is not
    answer = _conditional(_blob(catalogue.release(name).manifest), MANIFEST_CACHE)
    answer.headers[RELEASE_HEADER] = str(revision)
    return answer


@blueprint.get("/v1/blobs/<sha256>")
def get_blob(sha256: str) -> Response:
    """Answer a file of a bundle, by its content."""
    return _conditional(_blob(sha256), BLOB_CACHE)


def _blob(sha256: str) -> Blob:
    blob = current_server().catalogue.blob(sha256)
    if blob is None:
        raise NotFound(f"blob {ascii(sha256)[:80]}", "every file of every bundle that was published")
    return blob


def _conditional(blob: Blob, cache: str) -> Response:
    answer = Response(blob.content, mimetype=blob.media_type, headers={"Cache-Control": cache})
    answer.set_etag(blob.sha256)
    answer.make_conditional(request)
    return answer
