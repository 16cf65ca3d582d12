"""The application factory."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from werkzeug import exceptions

from .body import MAX_BODY_BYTES
from .catalogue import open_catalogue, read_configured
from .config import read_settings
from .cors import allow_origins
from .database import open_database
from .errors import BodyTooLarge, InternalError, InvalidRequest, MethodNotAllowed, NotFound, Problem
from .metrics import Metrics
from .profiles import Profiles
from .rate import RateLimit
from .routes import BLUEPRINTS
from .routes.answer import problem_answer
from .server import EXTENSION, Server, current_server, now_ms
from .subject_tag import open_subject_tags

log = logging.getLogger("edgefold_sync_api")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the sync API as a WSGI application; what ``config`` leaves out is read from the environment.

    Raises:
        InvalidConfiguration: names the setting, its value, and what was expected.
    """
    settings = read_settings(config)
    configured = read_configured(settings.bundles, settings.spec)
    engine = open_database(settings.database_url)
    catalogue = open_catalogue(engine, configured, now_ms())
    tags = open_subject_tags(engine, settings.secret)
    server = Server(
        settings, catalogue, Profiles(catalogue), engine, tags, RateLimit(settings.requests_per_second), Metrics()
    )
    app = Flask("edgefold_sync_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.extensions[EXTENSION] = server
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(Problem, problem_answer)
    app.register_error_handler(exceptions.HTTPException, lambda error: problem_answer(_as_problem(error)))
    app.register_error_handler(Exception, _defect)
    app.after_request(_finish)
    if settings.origins:
        allow_origins(app, settings.origins)
    return app


def _as_problem(error: exceptions.HTTPException) -> Problem:
    if isinstance(error, exceptions.NotFound):
        return NotFound(f"path {ascii(request.path)[:80]}", "a description of every call at /openapi.json")
    if isinstance(error, exceptions.MethodNotAllowed):
        return MethodNotAllowed(request.method, sorted(error.valid_methods or ()))
    if isinstance(error, exceptions.RequestEntityTooLarge):
        return BodyTooLarge(MAX_BODY_BYTES)
    return InvalidRequest("the request", None, f"HTTP ({error.name})")


def _defect(error: Exception) -> Response:
    # Neither the message nor the values: they may hold what a device sent.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s while answering %s %s\n%s", type(error).__name__, request.method, request.url_rule, where)
    return problem_answer(InternalError())


def _finish(answer: Response) -> Response:
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    route = request.url_rule.rule if request.url_rule is not None else "none"
    current_server().metrics.count_request(route, answer.status_code)
    return answer
