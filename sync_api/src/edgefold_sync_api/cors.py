"""Which pages of other origins may call (the CORS protocol of the Fetch standard)."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding, If-None-Match",
    "Access-Control-Expose-Headers": "ETag, Retry-After, Edgefold-Release",
    "Access-Control-Max-Age": "600",
}


def allow_origins(app: Flask, origins: Collection[str]) -> None:
    """Let pages of these origins (``*``: of all) call the application."""

    @app.after_request
    def add_headers(answer: Response) -> Response:
        answer.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin is not None and (origin in origins or "*" in origins):
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers.update(HEADERS)
        return answer
