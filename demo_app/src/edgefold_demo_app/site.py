"""The page and the API in one Flask application."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgefold_sync_api import create_app, issue_token
from flask import Blueprint, Flask, Response, abort, jsonify, request, send_from_directory
from flask.typing import ResponseReturnValue

from .customers import STORIES
from .rows import date_ms
from .shop import BEGINS, OPENS, spec

TOKEN_HOURS = 12.0


def create_site(output: Path, shoppers: list[dict[str, Any]], secret: str, database_url: str) -> Flask:
    """Return the sync API with the page of ``output`` beside it, and the shop's own calls under ``/demo``.

    Raises:
        edgefold_sync_api.InvalidConfiguration: the bundle of ``output`` can't be served.
    """
    app = create_app(
        {
            "EDGEFOLD_SECRET": secret,
            "EDGEFOLD_BUNDLES": [output / "bundle"],
            "EDGEFOLD_DATABASE_URL": database_url,
        }
    )
    app.register_blueprint(_shop(output, shoppers, secret))
    app.register_blueprint(_page(output))
    return app


def _shop(output: Path, shoppers: list[dict[str, Any]], secret: str) -> Blueprint:
    shop = Blueprint("shop", __name__, url_prefix="/demo")

    @shop.get("/customers")
    def customers() -> Response:
        return jsonify({"opensMs": date_ms(OPENS), "beginsMs": date_ms(BEGINS), "customers": shoppers})

    @shop.get("/token")
    def token() -> ResponseReturnValue:
        subject = request.args.get("subject", "")
        if subject not in STORIES:
            abort(404)
        return jsonify({"token": issue_token(secret, subject, TOKEN_HOURS)})

    @shop.get("/evaluation")
    def evaluation() -> Response:
        return jsonify(json.loads((output / "evaluation.json").read_text()))

    @shop.get("/evaluation.svg")
    def plot() -> Response:
        return send_from_directory(output, "evaluation.svg")

    return shop


def _page(output: Path) -> Blueprint:
    page = Blueprint("page", __name__)

    @page.get("/", defaults={"name": "index.html"})
    @page.get("/<path:name>")
    def file(name: str) -> Response:
        # A page is revalidated, so that a new build is seen at once; its service worker keeps it for offline.
        return send_from_directory(output / "page", name, max_age=0)

    @page.get(f"/bundles/{spec.name}/<path:name>")
    def bundle(name: str) -> Response:
        return send_from_directory(output / "bundle", name, max_age=0)

    return page
