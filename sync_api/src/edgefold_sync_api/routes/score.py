"""``POST /v1/score``."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from ..body import read_json
from ..score import parse_score_request, score
from ..server import current_caller, current_server, now_ms

blueprint = Blueprint("score", __name__)


@blueprint.post("/v1/score")
def post_score() -> Response:
    """Score the subject, or another one where the token's scope allows it."""
    server, caller, now = current_server(), current_caller(), now_ms()
    asked = parse_score_request(server.catalogue.spec, read_json(request), caller.token, server.tags, now)
    return jsonify(score(server.engine, server.catalogue, asked, now))
