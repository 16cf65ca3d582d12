"""Every answer carries a tag of its subject, and a diff that names another subject's is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from edgefold_sync_api import issue_token
from flask import Flask
from flask.testing import FlaskClient

from .site import REPLICA, bearer, diff_of, make_app, rows_of

OTHER_SECRET = "the next secret of the tests, of over thirty-two bytes"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


def tag_of(http: FlaskClient, subject: str = "ada", headers: dict[str, str] | None = None) -> str:
    tag: str = http.get("/v1/profile", headers=headers or bearer(subject)).json["subject_tag"]
    return tag


def test_a_subject_has_one_tag_in_every_answer_and_another_subject_another(http: FlaskClient) -> None:
    tag = tag_of(http)
    assert re.fullmatch("[0-9a-f]{32}", tag)
    assert http.get(f"/v1/profile?replica={REPLICA}", headers=bearer()).json["subject_tag"] == tag
    for diff in (diff_of([1]), diff_of([1]), diff_of([9], first=9, prev="event008")):
        assert http.post("/v1/diffs", json=diff, headers=bearer()).json["subject_tag"] == tag
    assert tag_of(http, "eve") not in (tag, "eve")


def test_a_diff_that_names_its_own_subject_is_applied(http: FlaskClient) -> None:
    diff = diff_of([1]) | {"subject_tag": tag_of(http)}
    assert http.post("/v1/diffs", json=diff, headers=bearer()).json["outcome"] == "applied"


def test_a_diff_of_another_subject_is_refused_and_nothing_is_stored(app: Flask, http: FlaskClient) -> None:
    before = rows_of(app)
    diff = diff_of([1]) | {"subject_tag": tag_of(http, "eve")}
    for answer in (
        http.post("/v1/diffs", json=diff, headers=bearer()),
        http.post("/v1/score", json={"diff": diff}, headers=bearer()),
    ):
        assert (answer.status_code, answer.json["name"]) == (409, "SubjectMismatch")
        assert answer.json["given"] == tag_of(http, "eve")
        assert answer.json["expected"] == tag_of(http)
    assert rows_of(app) == before


def test_a_score_for_a_named_subject_takes_that_subjects_diff(http: FlaskClient) -> None:
    asked = {"subject": "ada", "diff": diff_of([1]) | {"subject_tag": tag_of(http, "shop")}}
    answer = http.post("/v1/score", json=asked, headers=bearer("shop", "score"))
    assert (answer.status_code, answer.json["name"]) == (409, "SubjectMismatch")
    assert answer.json["expected"] == tag_of(http)


@pytest.mark.parametrize("given", [5, "", "0" * 31, "F" * 32, "ada"])
def test_a_tag_that_is_none_is_refused(http: FlaskClient, given: Any) -> None:
    answer = http.post("/v1/diffs", json=diff_of([1]) | {"subject_tag": given}, headers=bearer())
    assert (answer.status_code, answer.json["name"], answer.json["field"]) == (400, "InvalidRequest", "subject_tag")


def test_a_new_secret_changes_no_tag(http: FlaskClient, tmp_path: Path) -> None:
    later = make_app(tmp_path, EDGEFOLD_SECRET=OTHER_SECRET).test_client()
    headers = {"Authorization": f"Bearer {issue_token(OTHER_SECRET, 'ada', 1)}"}
    assert tag_of(later, headers=headers) == tag_of(http)


def test_another_database_gives_the_same_tag_for_the_same_first_secret(http: FlaskClient, tmp_path: Path) -> None:
    elsewhere = make_app(tmp_path, EDGEFOLD_DATABASE_URL=f"sqlite:///{tmp_path / 'elsewhere.db'}").test_client()
    assert tag_of(elsewhere) == tag_of(http)
