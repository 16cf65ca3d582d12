"""What the calls answer, over HTTP, on a real bundle."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import edgefold_reducer as ef
import jsonschema
import pytest
from edgefold_serving import Bundle
from edgefold_sync_api import InvalidConfiguration, Problem, create_app, sync
from edgefold_sync_api.store import Subject
from flask import Flask
from flask.testing import FlaskClient

from tests import bundles

from .site import REPLICA, SECRET, bearer, diff_of, make_app, rows_of, server_of

OTHER = "f" * 32
ORIGIN = "https://shop.example"
NOW_MS = bundles.START_MS + 200 * bundles.DAY_MS


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.linear_bundle(tmp_path_factory.mktemp("bundle") / "linear").path


@pytest.fixture
def app(exported: Path, tmp_path: Path) -> Flask:
    return create_app(
        {
            "EDGEFOLD_SECRET": SECRET,
            "EDGEFOLD_BUNDLES": str(exported),
            "EDGEFOLD_DATABASE_URL": f"sqlite:///{tmp_path / 'edgefold.db'}",
            "EDGEFOLD_ORIGINS": ORIGIN,
        }
    )


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ticks(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


@cache
def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files("edgefold_sync_api").joinpath("openapi.json").read_text("utf-8"))
    return found


def checked(method: str, path: str, answer: Any) -> Any:
    """Return the JSON of an answer, after it was held against the description of its call."""
    operation = description()["paths"][path][method]
    declared = operation["responses"].get(str(answer.status_code), operation["responses"]["default"])
    (media_type, content), *_ = declared["content"].items()
    assert answer.mimetype == media_type
    value = json.loads(answer.text)
    schema = {"components": description()["components"], **content["schema"]}
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def orders(*amounts: float) -> list[dict[str, Any]]:
    return [
        {
            "type": "order",
            "time": bundles.START_MS + (100 + seq) * bundles.DAY_MS,
            "seq": seq,
            "data": {"amount": amount, "quantity": 1, "gift": False, "genre": "jazz"},
        }
        for seq, amount in enumerate(amounts, start=1)
    ]


def order_diff(*amounts: float, replica: str = REPLICA) -> dict[str, Any]:
    delta = ef.fold(bundles.spec, orders(*amounts), replica=replica).members()
    ids = [f"{replica[:4]}-order{seq}" for seq in range(1, len(amounts) + 1)]
    whole = {"replica": replica, "spec": bundles.spec.id, "epoch": 0, "from": 1, "to": len(ids), "prev": ""}
    return whole | {"ids": ids, "delta": delta}


def test_an_unknown_subject_starts_with_nothing(http: FlaskClient) -> None:
    answer = http.get(f"/v1/profile?replica={REPLICA}", headers=bearer())
    found = checked("get", "/v1/profile", answer)
    assert (found["epoch"], found["acked"], found["head"], found["recent"], found["attributes"]) == (0, 0, "", [], {})
    assert found["others"] == ef.empty_profile(bundles.spec).members()
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_device_is_told_what_the_others_have_and_where_it_stands(ticks: Flask) -> None:
    http = ticks.test_client()
    http.post("/v1/diffs", json=diff_of([1, 2]), headers=bearer())
    answer = http.post("/v1/diffs", json=diff_of([3], replica=OTHER), headers=bearer())
    found = checked("post", "/v1/diffs", answer)
    assert (found["outcome"], found["overlap"], found["retry_after_ms"]) == ("applied", [], 0)
    assert found["others"] == diff_of([1, 2])["delta"]
    again = checked("get", "/v1/profile", http.get(f"/v1/profile?replica={REPLICA}", headers=bearer()))
    assert (again["acked"], again["head"], again["recent"]) == (2, "event002", ["event001", "event002"])
    assert again["others"] == diff_of([3])["delta"]
    all_of_it = checked("get", "/v1/profile", http.get("/v1/profile", headers=bearer()))
    assert all_of_it["others"] == diff_of([1, 2, 3])["delta"]


def test_an_export_has_everything(ticks: Flask) -> None:
    http = ticks.test_client()
    http.post("/v1/diffs", json=diff_of([1, 2]), headers=bearer())
    found = checked("get", "/v1/profile/export", http.get("/v1/profile/export", headers=bearer()))
    assert found["contributions"] == {REPLICA: {"acked": 2, "head": "event002", "profile": diff_of([1, 2])["delta"]}}
    assert found["profile"] == diff_of([1, 2])["delta"]
    assert found["subject"] == "ada"


def test_a_score_is_that_of_the_bundle(http: FlaskClient, exported: Path) -> None:
    http.post("/v1/diffs", json=order_diff(10, 30), headers=bearer())
    asked = {"now_ms": NOW_MS, "attributes": {"country": "FR"}}
    found = checked("post", "/v1/score", http.post("/v1/score", json=asked, headers=bearer()))
    bundle = Bundle.open(exported)
    profile = ef.fold(bundles.spec, orders(10, 30), replica=REPLICA)
    expected = bundle.score([ef.features(bundles.spec, profile, NOW_MS, {"country": "FR"})])
    assert found["score"] == expected.scores[0]
    assert found["probabilities"] == expected.probabilities[0].tolist()
    assert found["label"] == expected.labels[0]
    assert (found["bundle"], found["version"]) == (bundle.manifest.name, bundle.manifest.version)
    assert found["features"]["orders"] == 2
    assert found["features"]["country"] == "FR"


def test_a_score_with_a_diff_is_that_after_it_and_stores_nothing(app: Flask, http: FlaskClient) -> None:
    before = rows_of(app)
    asked = {"now_ms": NOW_MS, "diff": order_diff(10, 30)}
    first = checked("post", "/v1/score", http.post("/v1/score", json=asked, headers=bearer()))
    assert rows_of(app) == before
    http.post("/v1/diffs", json=order_diff(10, 30), headers=bearer())
    for body in (asked, {"now_ms": NOW_MS}):
        assert http.post("/v1/score", json=body, headers=bearer()).json == first


def test_a_score_with_a_diff_that_would_not_be_applied_is_refused(http: FlaskClient) -> None:
    diff = order_diff(10, 30) | {"from": 5, "to": 6, "prev": "another-one"}
    found = checked("post", "/v1/score", answer := http.post("/v1/score", json={"diff": diff}, headers=bearer()))
    assert (answer.status_code, found["name"], found["outcome"], found["overlap"]) == (409, "DiffRefused", "gap", [])


@pytest.mark.parametrize(
    ("body", "status", "name", "field"),
    [
        ({"bundle": "another"}, 404, "NotFound", None),
        ({"bundle": 5}, 400, "InvalidRequest", "bundle"),
        ({"now_ms": "now"}, 400, "InvalidRequest", "now_ms"),
        ({"now_ms": bundles.START_MS}, 400, "InvalidRequest", "now_ms"),
        ({"attributes": []}, 400, "InvalidRequest", "attributes"),
        ({"attributes": {"country": "XX"}}, 400, "InvalidRequest", "attributes.country"),
        ({"attributes": {"lone\ud800": 1}}, 400, "InvalidRequest", "attributes.lone\\ud800"),
        ({"diff": 5}, 400, "InvalidRequest", "diff"),
        ({"diff": {"replica": 5}}, 400, "InvalidRequest", "diff.spec"),
        ({"more": 5}, 400, "InvalidRequest", "more"),
    ],
)
def test_a_wrong_question_for_a_score_is_refused(
    http: FlaskClient, body: dict[str, Any], status: int, name: str, field: str | None
) -> None:
    http.post("/v1/diffs", json=order_diff(10), headers=bearer())
    answer = http.post("/v1/score", data=json.dumps(body), headers=bearer())
    found = checked("post", "/v1/score", answer)
    assert (answer.status_code, found["name"], found.get("field")) == (status, name, field)


def test_only_a_back_end_may_name_a_subject(http: FlaskClient) -> None:
    http.post("/v1/diffs", json=order_diff(10), headers=bearer("ada"))
    asked = {"subject": "ada", "now_ms": NOW_MS}
    refused = http.post("/v1/score", json=asked, headers=bearer("ada"))
    assert (refused.status_code, checked("post", "/v1/score", refused)["name"]) == (403, "Forbidden")
    found = checked("post", "/v1/score", http.post("/v1/score", json=asked, headers=bearer("shop", "score")))
    assert found["features"]["orders"] == 1


def test_a_manifest_and_its_blobs_are_delivered_and_cached(http: FlaskClient, exported: Path) -> None:
    manifest = Bundle.open(exported).manifest
    path = f"/v1/bundles/{manifest.name}/manifest"
    answer = http.get(path)
    assert answer.data == (exported / "manifest.json").read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    for name, file in manifest.files.items():
        blob = http.get(f"/v1/blobs/{file.sha256}")
        assert blob.data == (exported / name).read_bytes()
        assert "immutable" in blob.headers["Cache-Control"]
        assert http.get(f"/v1/blobs/{file.sha256}", headers={"If-None-Match": blob.headers["ETag"]}).status_code == 304
    unchanged = http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert http.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/bundles/another/manifest", "/v1/blobs/00", "/v2/profile"])
def test_what_is_not_there_is_not_found(http: FlaskClient, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json["name"], answer.mimetype) == (404, "NotFound", "application/problem+json")


def test_a_method_that_a_path_does_not_take_is_refused(http: FlaskClient) -> None:
    answer = http.put("/v1/profile")
    assert (answer.status_code, answer.json["name"]) == (405, "MethodNotAllowed")


def test_a_page_of_a_configured_origin_may_call(http: FlaskClient) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = http.options("/v1/diffs", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
    refused = http.post("/v1/diffs", json={}, headers={"Origin": ORIGIN})
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in refused.headers["Vary"]


def test_a_page_of_another_origin_may_not_call(http: FlaskClient) -> None:
    answer = http.get("/livez", headers={"Origin": "https://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_requests_and_outcomes_are_counted(http: FlaskClient) -> None:
    for _ in range(2):
        http.post("/v1/diffs", json=order_diff(10), headers=bearer())
    text = http.get("/metrics").text
    assert f'edgefold_requests_total{{worker="{os.getpid()}",route="/v1/diffs",status="200"}} 2\n' in text
    for outcome in ("applied", "duplicate"):
        assert f'edgefold_diffs_total{{worker="{os.getpid()}",outcome="{outcome}"}} 1\n' in text


def test_health_tells_what_is_served(http: FlaskClient, exported: Path) -> None:
    assert checked("get", "/livez", http.get("/livez")) == {"status": "live"}
    found = checked("get", "/readyz", http.get("/readyz"))
    manifest = Bundle.open(exported).manifest
    assert found == {"status": "ready", "spec": bundles.spec.id, "bundles": {manifest.name: manifest.version}}


def test_every_route_is_described_and_every_description_has_a_route(app: Flask) -> None:
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, calls in description()["paths"].items() for method in calls}
    assert routes == described
    assert app.test_client().get("/openapi.json").json == description()


def test_every_problem_is_described() -> None:
    described = description()["components"]["schemas"]["Problem"]["properties"]["name"]["enum"]
    assert sorted(described) == sorted(problem.__name__ for problem in Problem.__subclasses__())


def test_a_subject_that_asks_too_often_is_told_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = SimpleNamespace(monotonic=lambda: 5.0)  # a busy machine may take seconds between two requests
    monkeypatch.setattr("edgefold_sync_api.rate.time", stopped)
    http = make_app(tmp_path, EDGEFOLD_REQUESTS_PER_SECOND=0.5).test_client()
    statuses = [http.get("/v1/profile", headers=bearer()).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = http.get("/v1/profile", headers=bearer())
    found = checked("get", "/v1/profile", answer)
    assert found["name"] == "TooManyRequests"
    assert answer.headers["Retry-After"] == "1"
    stopped.monotonic = lambda: 6.0
    assert http.get("/v1/profile", headers=bearer()).status_code == 200
    assert http.get("/v1/profile", headers=bearer("eve")).status_code == 200


def test_a_subject_has_256_replicas_and_room_again_when_old_ones_are_retired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "MAX_REPLICAS", 3)
    app = make_app(tmp_path)
    http = app.test_client()

    def post(number: int) -> Any:
        return http.post("/v1/diffs", json=diff_of([number], replica=f"{number:032x}"), headers=bearer())

    assert [post(number).status_code for number in range(4)] == [200, 200, 200, 429]
    assert post(4).json["name"] == "TooManyReplicas"
    assert post(1).status_code == 200
    with server_of(app).engine.begin() as connection:
        connection.exec_driver_sql("UPDATE contributions SET seen_at_ms = 0 WHERE replica LIKE '%0'")
    assert post(5).json["outcome"] == "applied"
    late = http.post("/v1/diffs", json=diff_of([7], first=2, prev="event000", replica="0" * 32), headers=bearer()).json
    assert (late["outcome"], late["acked"], late["head"], late["recent"]) == (
        "fork",
        2,
        "retired",
        ["event000", "retired"],
    )
    found = http.get("/v1/profile/export", headers=bearer()).json
    assert found["base"] == diff_of([0])["delta"]
    assert found["profile"] == diff_of([0, 1, 2, 5])["delta"]


def test_a_newer_spec_keeps_what_is_unchanged_and_takes_the_whole_contribution(tmp_path: Path) -> None:
    tick = ef.event("tick", key=ef.string(4), note=ef.string(8, optional=True))
    older = ef.Spec(
        "ticks", events=[tick], features={"ticks": ef.count(tick), "noted": ef.count(tick, where=tick.note == "a")}
    )
    reducer = tmp_path / "older.json"
    reducer.write_text(older.to_json(), "utf-8")
    delta = ef.fold(
        older, [{"type": "tick", "time": 5, "data": {"key": "k1", "note": "a"}}], replica=REPLICA, unit="ms"
    ).members()
    first = diff_of([1]) | {"spec": older.id, "delta": delta}
    assert (
        make_app(tmp_path, EDGEFOLD_SPEC=reducer)
        .test_client()
        .post("/v1/diffs", json=first, headers=bearer())
        .status_code
        == 200
    )
    http = make_app(tmp_path).test_client()
    carried = http.get("/v1/profile", headers=bearer()).json["others"]
    assert list(carried["state"].values()) == [1]
    found = http.post("/v1/diffs", json=diff_of([1], first=0), headers=bearer()).json
    assert found["outcome"] == "replaced"
    assert http.get("/v1/profile", headers=bearer()).json["others"] == diff_of([1])["delta"]


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"EDGEFOLD_SECRET": None}, "EDGEFOLD_SECRET"),
        ({"EDGEFOLD_SECRET": "short"}, "EDGEFOLD_SECRET"),
        ({"EDGEFOLD_SPEC": None}, "EDGEFOLD_BUNDLES"),
        ({"EDGEFOLD_BUNDLES": "/nowhere/at/all"}, "EDGEFOLD_BUNDLES"),
        ({"EDGEFOLD_SPEC": "/nowhere/at/all"}, "EDGEFOLD_SPEC"),
        ({"EDGEFOLD_DATABASE_URL": "mysql://host/name"}, "EDGEFOLD_DATABASE_URL"),
        ({"EDGEFOLD_DATABASE_URL": "sqlite://"}, "EDGEFOLD_DATABASE_URL"),
        ({"EDGEFOLD_DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "EDGEFOLD_DATABASE_URL"),
        ({"EDGEFOLD_DATABASE_URL": "no URL"}, "EDGEFOLD_DATABASE_URL"),
        ({"EDGEFOLD_REQUESTS_PER_SECOND": "0"}, "EDGEFOLD_REQUESTS_PER_SECOND"),
        ({"EDGEFOLD_RETIRE_DAYS": "long"}, "EDGEFOLD_RETIRE_DAYS"),
    ],
)
def test_a_server_does_not_start_with_a_wrong_setting(tmp_path: Path, change: dict[str, Any], setting: str) -> None:
    with pytest.raises(InvalidConfiguration, match=setting) as raised:
        make_app(tmp_path, **change)
    assert raised.value.setting == setting


def test_settings_are_read_from_the_environment(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEFOLD_SECRET", SECRET)
    monkeypatch.setenv("EDGEFOLD_BUNDLES", os.pathsep.join([str(exported)]))
    app = create_app()
    assert server_of(app).catalogue.newest.id == bundles.spec.id
    assert (tmp_path / "edgefold.db").exists()


def test_a_subject_that_was_never_written_is_in_epoch_0() -> None:
    assert (Subject("ada").epoch, Subject("ada").profiles()) == (0, [])
