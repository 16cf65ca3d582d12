"""Whether the server lives, whether it can answer, what it counted, and what it answers at all."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from ..database import reading
from ..metrics import MEDIA_TYPE
from ..server import current_server
from .answer import json_answer

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def live() -> Response:
    """Answer that the process lives."""
    return jsonify(status="live")


@blueprint.get("/readyz")
def ready() -> Response:
    """Answer whether the database answers, and what is in effect; bundles are verified before they are published."""
    server = current_server()
    with reading(server.engine) as connection:
        connection.execute(text("SELECT 1"))
    bundles = {name: release.version for name, release in server.catalogue.releases.items()}
    return jsonify(status="ready", spec=server.catalogue.newest.id, bundles=bundles)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer the counters of this worker."""
    return Response(current_server().metrics.text(), content_type=MEDIA_TYPE)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the description of every call."""
    return json_answer(description())


@cache
def description() -> str:
    """Return the OpenAPI description that ships with the package."""
    return files("edgefold_sync_api").joinpath("openapi.json").read_text("utf-8")
