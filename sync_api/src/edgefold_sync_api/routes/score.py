"""``POST /v1/score``."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from ..body import read_json
from ..score import parse_score_request, score
from ..server import current_caller, current_server

blueprint = Blueprint("score", __name__)


@blueprint.post("/v1/score")
def post_score() -> Response:
    """Score the subject, or another one where the token's scope allows it."""
    server, caller = current_server(), current_caller()
    asked = parse_score_request(server.catalogue.spec, read_json(request), caller, server.tags)
    return jsonify(score(server.engine, server.catalogue, server.profiles, asked, caller.now_ms))
