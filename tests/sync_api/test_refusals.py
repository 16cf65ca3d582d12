"""Whatever is wrong with a request has its own problem, and leaves the database as it was, to the byte."""

from __future__ import annotations

import gzip
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from edgefold_sync_api.body import MAX_BODY_BYTES, MAX_MEMBERS
from flask import Flask
from flask.testing import FlaskClient

from .site import BY_KEY, RECENT, SECRET, bearer, diff_of, make_app, server_of

DIFF = diff_of([3, 4], first=3, prev="event002")
DAY_MS = 86_400_000
WEEK_AHEAD_MS = time.time_ns() // 1_000_000 + 7 * DAY_MS


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    app = make_app(tmp_path_factory.mktemp("refusals"))
    assert app.test_client().post("/v1/diffs", json=diff_of([1, 2]), headers=bearer()).status_code == 200
    return app


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


def content(app: Flask) -> tuple[bytes, str]:
    """The database file as it is after a checkpoint, and its SQL."""
    path = server_of(app).engine.url.database
    assert path is not None
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        dump = "\n".join(connection.iterdump())
    connection.close()
    return Path(path).read_bytes(), dump


def check_refused(app: Flask, answer: Any, status: int, name: str) -> dict[str, Any]:
    problem: dict[str, Any] = json.loads(answer.text)
    assert (answer.status_code, problem["name"]) == (status, name), problem
    assert answer.mimetype == "application/problem+json"
    assert problem["type"] == f"https://edgefold.dev/problems/{name}"
    assert problem["status"] == status
    return problem


def with_state(change: Any) -> dict[str, Any]:
    delta = json.loads(json.dumps(DIFF["delta"]))
    change(delta)
    return {"delta": delta}


MEMBERS: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    ("an undeclared member", {"more": 1}, 400, "InvalidRequest", "more"),
    ("a replica of capitals", {"replica": "F" * 32}, 400, "InvalidRequest", "replica"),
    ("a replica that is a number", {"replica": 5}, 400, "InvalidRequest", "replica"),
    ("a spec that is no hash", {"spec": "x"}, 400, "InvalidRequest", "spec"),
    ("another spec", {"spec": "0" * 64}, 409, "SpecMismatch", None),
    ("a delta of another spec", with_state(lambda delta: delta.update(spec="0" * 64)), 409, "SpecMismatch", None),
    ("a negative epoch", {"epoch": -1}, 400, "InvalidRequest", "epoch"),
    ("an epoch that is true", {"epoch": True}, 400, "InvalidRequest", "epoch"),
    ("a huge epoch", {"epoch": 2**53}, 400, "InvalidRequest", "epoch"),
    ("a negative from", {"from": -1}, 400, "InvalidRequest", "from"),
    ("a from that is text", {"from": "3"}, 400, "InvalidRequest", "from"),
    ("a from with a fraction", {"from": 3.5}, 400, "InvalidRequest", "from"),
    ("a from past to", {"from": 5}, 400, "InvalidRequest", "to"),
    ("a huge to", {"to": 10**400}, 400, "InvalidRequest", "to"),
    ("more events than a diff takes", {"to": 3 + 1024}, 400, "InvalidRequest", "to"),
    ("a whole contribution of nothing", {"from": 0, "to": 0, "prev": "", "ids": []}, 400, "InvalidRequest", "to"),
    ("no prev", {"prev": ""}, 400, "InvalidRequest", "prev"),
    ("a prev before the first event", {"from": 1, "to": 2}, 400, "InvalidRequest", "prev"),
    ("ids that are text", {"ids": "event003"}, 400, "InvalidRequest", "ids"),
    ("too few ids", {"ids": ["event003"]}, 400, "InvalidRequest", "ids"),
    ("an id twice", {"ids": ["event003", "event003"]}, 400, "InvalidRequest", "ids"),
    ("prev among the ids", {"ids": ["event002", "event003"]}, 400, "InvalidRequest", "ids"),
    ("an id with a NUL", {"ids": ["event003", "event\x0004"]}, 400, "InvalidRequest", "ids[1]"),
    ("an id with a lone surrogate", {"ids": ["event003", "event\ud80004"]}, 400, "InvalidRequest", "ids[1]"),
    ("an id with a space", {"ids": ["event003", "event 04"]}, 400, "InvalidRequest", "ids[1]"),
    ("an id that retires", {"ids": ["event003", "retired"]}, 400, "InvalidRequest", "ids[1]"),
    ("a delta that is text", {"delta": json.dumps(DIFF["delta"])}, 422, "InvalidProfile", "the form"),
    ("a delta cut short", with_state(lambda delta: delta.pop("state")), 422, "InvalidProfile", "the form"),
    ("a stored zero", with_state(lambda delta: delta["state"][BY_KEY].update(k9=0)), 422, "InvalidProfile", f"state.{BY_KEY}"),
    ("a count below zero", with_state(lambda delta: delta["state"][BY_KEY].update(k9=-1)), 422, "InvalidProfile", f"state.{BY_KEY}"),
    ("a count past 2^53", with_state(lambda delta: delta["state"][BY_KEY].update(k9=2**53)), 422, "InvalidProfile", f"state.{BY_KEY}"),
    ("a key that is not declared", with_state(lambda delta: delta["state"][BY_KEY].update(zz=1)), 422, "InvalidProfile", f"state.{BY_KEY}"),
    ("a bucket after the last event", with_state(lambda delta: delta["state"][RECENT].update({"99999999": 1})), 422, "InvalidProfile", f"state.{RECENT}"),
    ("a bucket that should have been pruned", with_state(lambda delta: delta["state"][RECENT].update({"1": 1})), 422, "InvalidProfile", f"state.{RECENT}"),
    ("an unknown aggregate", with_state(lambda delta: delta["state"].update({"f" * 16: 1})), 422, "InvalidProfile", "state"),
    ("a delta of no events", {"delta": {"last_ms": None, "spec": DIFF["spec"], "state": {}}}, 422, "InvalidProfile", "last_ms"),
    ("a clock that is ahead", with_state(lambda delta: (delta.update(last_ms=WEEK_AHEAD_MS), delta["state"].pop(RECENT))), 422, "ClockAhead", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status", "name", "field"), [case[1:] for case in MEMBERS], ids=[case[0] for case in MEMBERS]
)
def test_a_wrong_member_is_refused(
    app: Flask, http: FlaskClient, change: Any, status: int, name: str, field: str
) -> None:
    before = content(app)
    answer = http.post("/v1/diffs", data=json.dumps(DIFF | change), headers=bearer())
    problem = check_refused(app, answer, status, name)
    if field is not None:
        assert problem["field"] == field
        assert problem["expected"]
        assert "value" in problem
    assert content(app) == before


@pytest.mark.parametrize("member", list(DIFF))
def test_a_missing_member_is_refused(app: Flask, http: FlaskClient, member: str) -> None:
    before = content(app)
    answer = http.post(
        "/v1/diffs", json={name: value for name, value in DIFF.items() if name != member}, headers=bearer()
    )
    assert check_refused(app, answer, 400, "InvalidRequest")["field"] == member
    assert content(app) == before


WHOLE = json.dumps(DIFF).encode()
BODIES: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("nothing", b"", {}, 400, "InvalidRequest"),
    ("a list", b"[]", {}, 400, "InvalidRequest"),
    ("half a body", WHOLE[:-40], {}, 400, "InvalidRequest"),
    ("a member given twice", b'{"replica": 1, "replica": 2}', {}, 400, "InvalidRequest"),
    ("NaN", b'{"replica": NaN}', {}, 400, "InvalidRequest"),
    ("an integer of 5,000 digits", b'{"replica": ' + b"9" * 5_000 + b"}", {}, 400, "InvalidRequest"),
    ("a NUL byte", WHOLE.replace(b"event003", b"event\x00003"), {}, 400, "InvalidRequest"),
    ("bytes that are not UTF-8", b'{"replica": "\xff\xfe"}', {}, 400, "InvalidRequest"),
    ("UTF-16", json.dumps(DIFF).encode("utf-16"), {}, 400, "InvalidRequest"),
    ("17 levels", b'{"replica": ' + b"[" * 17 + b"]" * 17 + b"}", {}, 400, "InvalidRequest"),
    ("100,000 levels", b"[" * 100_000 + b"]" * 100_000, {}, 400, "InvalidRequest"),
    ("too many members", json.dumps({str(n): 0 for n in range(MAX_MEMBERS + 1)}).encode(), {}, 400, "InvalidRequest"),
    ("a body of 10 MB", b" " * 10_000_000, {}, 413, "BodyTooLarge"),
    ("a body of one byte too many", WHOLE.ljust(MAX_BODY_BYTES + 1), {}, 413, "BodyTooLarge"),
    ("a gzip bomb", gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}, 413, "BodyTooLarge"),
    ("half a gzip", gzip.compress(WHOLE)[:-9], {"Content-Encoding": "gzip"}, 400, "InvalidRequest"),
    ("two gzips", gzip.compress(WHOLE) * 2, {"Content-Encoding": "gzip"}, 400, "InvalidRequest"),
    ("no gzip at all", WHOLE, {"Content-Encoding": "gzip"}, 400, "InvalidRequest"),
    ("another compression", WHOLE, {"Content-Encoding": "br"}, 415, "UnsupportedEncoding"),
]


@pytest.mark.parametrize(
    ("body", "headers", "status", "name"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES]
)
@pytest.mark.parametrize("path", ["/v1/diffs", "/v1/score"])
def test_a_wrong_body_is_refused(
    app: Flask, http: FlaskClient, path: str, body: bytes, headers: dict[str, str], status: int, name: str
) -> None:
    before = content(app)
    check_refused(app, http.post(path, data=body, headers=bearer() | headers), status, name)
    assert content(app) == before


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    whole = {"iss": "edgefold", "sub": "ada", "exp": int(time.time()) + 60} | claims
    return "Bearer " + jwt.encode({k: v for k, v in whole.items() if v is not None}, secret, algorithm=algorithm)


HEADERS: list[tuple[str, str | None]] = [
    ("no header", None),
    ("another scheme", "Basic YWRhOmFkYQ=="),
    ("no token", "Bearer "),
    ("no JWT", "Bearer abc"),
    ("an expired token", signed(exp=int(time.time()) - 5)),
    ("another's secret", signed("another secret, also of over thirty-two bytes")),
    ("another algorithm", signed(SECRET * 2, "HS512")),
    ("no algorithm", "Bearer " + jwt.encode({"iss": "edgefold", "sub": "ada", "exp": 2**40}, None, algorithm="none")),
    ("no sub", signed(sub=None)),
    ("an empty sub", signed(sub="")),
    ("a sub that is a number", signed(sub=5)),
    ("a sub with a NUL", signed(sub="ada\x00")),
    ("a sub with a lone surrogate", signed(sub="ada\ud800")),
    ("a sub of 256 characters", signed(sub="a" * 256)),
    ("no exp", signed(exp=None)),
    ("an exp that is text", signed(exp="never")),
    ("no iss", signed(iss=None)),
    ("another issuer", signed(iss="somebody")),
    ("an unknown scope", signed(scope="admin")),
    ("a scope that is a list", signed(scope=["score"])),
]


@pytest.mark.parametrize("header", [case[1] for case in HEADERS], ids=[case[0] for case in HEADERS])
def test_a_request_without_a_good_token_is_refused(app: Flask, http: FlaskClient, header: str | None) -> None:
    before = content(app)
    headers = {} if header is None else {"Authorization": header}
    for answer in (
        http.post("/v1/diffs", json=DIFF, headers=headers),
        http.post("/v1/score", json={}, headers=headers),
        http.get("/v1/profile", headers=headers),
        http.get("/v1/profile/export", headers=headers),
        http.delete("/v1/profile", headers=headers),
    ):
        check_refused(app, answer, 401, "InvalidToken")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert content(app) == before


def test_another_subjects_token_reaches_another_subject(http: FlaskClient) -> None:
    assert http.get("/v1/profile/export", headers=bearer("eve")).json["contributions"] == {}


def test_a_replica_in_the_query_is_checked(app: Flask, http: FlaskClient) -> None:
    answer = http.get("/v1/profile?replica=ada", headers=bearer())
    assert check_refused(app, answer, 400, "InvalidRequest")["field"] == "replica"


def test_a_body_may_be_compressed(http: FlaskClient) -> None:
    body = gzip.compress(json.dumps(diff_of([1, 2])).encode())
    answer = http.post("/v1/diffs", data=body, headers=bearer("zip") | {"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json["outcome"]) == (200, "applied")


def test_a_defect_is_a_problem_and_its_log_holds_nothing_of_the_body(
    app: Flask, http: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*of: object) -> None:
        raise KeyError(DIFF["ids"][0])

    monkeypatch.setattr("edgefold_sync_api.routes.diffs.put_diff", fail)
    check_refused(app, http.post("/v1/diffs", json=DIFF, headers=bearer()), 500, "InternalError")
    assert "KeyError" in caplog.text
    assert "event003" not in caplog.text


def test_a_database_that_fails_is_a_problem_to_try_again_after(app: Flask, http: FlaskClient) -> None:
    engine = server_of(app).engine
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE contributions RENAME TO elsewhere")
    try:
        check_refused(app, http.post("/v1/diffs", json=DIFF, headers=bearer()), 503, "Unavailable")
        check_refused(app, http.get("/v1/profile", headers=bearer()), 503, "Unavailable")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO contributions")
    assert http.post("/v1/diffs", json=DIFF, headers=bearer()).json["outcome"] == "applied"
