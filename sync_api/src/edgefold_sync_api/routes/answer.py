"""Answers: JSON that is text already, and problems (RFC 9457)."""

from __future__ import annotations

import json

from flask import Response

from ..errors import InvalidToken, Problem, TooManyRequests

PROBLEM_TYPE = "https://edgefold.dev/problems/"


def json_answer(text: str) -> Response:
    """Return JSON text as an answer."""
    return Response(text, mimetype="application/json")


def problem_answer(problem: Problem) -> Response:
    """Return a problem as an answer."""
    members = {
        "type": PROBLEM_TYPE + problem.name,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "name": problem.name,
    }
    answer = Response(json.dumps(problem.values | members), problem.status, mimetype="application/problem+json")
    if isinstance(problem, TooManyRequests):
        answer.headers["Retry-After"] = str(problem.retry_after_s)
    if isinstance(problem, InvalidToken):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
