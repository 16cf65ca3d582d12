"""``GET /v1/profile``, its export, and its erasure."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from ..diff import check_replica, check_spec_id
from ..server import current_caller, current_server
from ..sync import delete, export, init
from .answer import json_answer

blueprint = Blueprint("profile", __name__)


@blueprint.get("/v1/profile")
def get_profile() -> Response:
    """Answer what a device starts from."""
    server, caller = current_server(), current_caller()
    replica, spec_id = request.args.get("replica"), request.args.get("spec")
    if replica is not None:
        check_replica("replica", replica)
    if spec_id is not None:
        check_spec_id("spec", spec_id)
    spec = server.catalogue.newest if spec_id is None else server.catalogue.spec(spec_id)
    return json_answer(init(server.engine, server.profiles, spec, caller, replica))


@blueprint.get("/v1/profile/export")
def export_profile() -> Response:
    """Answer everything that is known of the subject."""
    server, caller = current_server(), current_caller()
    return jsonify(export(server.engine, server.profiles, server.catalogue.newest, caller.subject))


@blueprint.delete("/v1/profile")
def delete_profile() -> Response:
    """Erase the subject everywhere."""
    server, caller = current_server(), current_caller()
    return jsonify(epoch=delete(server.engine, caller.subject, caller.now_ms))
