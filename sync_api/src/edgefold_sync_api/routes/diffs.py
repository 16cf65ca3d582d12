"""``POST /v1/diffs``."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..body import read_json
from ..diff import parse_diff
from ..server import current_caller, current_server
from ..sync import put_diff
from .answer import json_answer

blueprint = Blueprint("diffs", __name__)


@blueprint.post("/v1/diffs")
def post_diff() -> Response:
    """Take a diff, and answer what became of it and of the profile."""
    server, caller = current_server(), current_caller()
    diff = parse_diff(server.catalogue.spec, read_json(request), caller.subject_tag, caller.now_ms)
    outcome, text = put_diff(server.engine, server.profiles, caller, diff, server.settings.retire_days)
    server.metrics.count_outcome(outcome)
    return json_answer(text)
