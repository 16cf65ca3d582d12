"""``POST /v1/diffs``."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..body import read_json
from ..diff import parse_diff
from ..server import current_caller, current_server, now_ms
from ..sync import put_diff
from .answer import json_answer

blueprint = Blueprint("diffs", __name__)


@blueprint.post("/v1/diffs")
def post_diff() -> Response:
    """Take a diff, and answer what became of it and of the profile."""
    server, caller, now = current_server(), current_caller(), now_ms()
    spec = server.catalogue.spec
    diff = parse_diff(spec, read_json(request), caller.subject_tag, now)
    outcome, text = put_diff(
        server.engine,
        spec,
        caller.subject,
        caller.subject_tag,
        diff,
        now,
        server.settings.retire_days,
        caller.retry_after_ms,
    )
    server.metrics.count_outcome(outcome)
    return json_answer(text)
