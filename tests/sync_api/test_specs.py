"""Devices of several specs share a subject: what one spec counts stays while another is served, and tells since when it counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_sync_api import import_profiles
from edgefold_sync_api.catalogue import publish_spec
from edgefold_sync_api.profiles import to_text
from edgefold_sync_api.schema import contributions, subjects
from edgefold_sync_api.sync import retire_replica
from flask import Flask
from flask.testing import FlaskClient

from .site import REPLICA, bearer, diff_of, event_id, make_app, rows_of, server_of, tick_event
from .specs import A, B, C, folded

OTHER = "f" * 32
NAMES = {
    feature.name: feature.node.hash  # type: ignore[union-attr]  # an aggregate
    for each in (A, B, C)
    for feature in each.features
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = make_app(tmp_path)
    for of in (A, B, C):
        publish_spec(server_of(app).engine, of, 0)
    return app


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


def diff_by(of: ef.Spec, numbers: list[int], **members: Any) -> dict[str, Any]:
    """Return the diff of events by number, folded by a spec."""
    since = members.pop("since", {})
    diff = diff_of(numbers, **members)
    events = [tick_event(number, seq) for seq, number in enumerate(numbers, max(diff["from"], 1))]
    return diff | {"spec": of.id, "delta": ef.fold(of, events, diff["replica"]).members(), "since": since}


def post(http: FlaskClient, diff: dict[str, Any]) -> dict[str, Any]:
    answer = http.post("/v1/diffs", json=diff, headers=bearer())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def read(http: FlaskClient, of: ef.Spec) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/v1/profile?spec={of.id}", headers=bearer()).json
    return found


def time_of(number: int) -> int:
    at: int = tick_event(number)["time"]
    return at


def test_a_spec_and_its_rollback_lose_nothing(http: FlaskClient) -> None:
    post(http, diff_by(A, [1, 2, 3]))
    assert post(http, diff_by(B, [1, 2, 3], first=0))["outcome"] == "replaced"
    found = read(http, A)
    assert found["others"] == folded(A, frozenset({1, 2, 3})).members()
    assert found["since"] == {}
    assert read(http, B)["since"] == {}


def test_what_another_spec_counts_of_new_events_is_told_since_when(http: FlaskClient) -> None:
    post(http, diff_by(A, [1, 2]))
    post(http, diff_by(B, [3], first=3, prev=event_id(2)))
    by_a, by_b = read(http, A), read(http, B)
    assert by_a["others"]["state"][NAMES["by_key"]] == {"k1": 1, "k2": 1, "k3": 1}
    assert by_a["others"]["state"][NAMES["of_a"]] == {"k1": 1, "k2": 1}
    assert by_a["since"] == {NAMES[name]: time_of(3) + 1 for name in ("of_a", "ticks", "recent")}
    assert by_b["others"]["state"][NAMES["of_b"]] == {"k3": 1}
    assert by_b["since"] == {NAMES[name]: time_of(2) + 1 for name in ("of_b", "last_note")}


def test_devices_of_two_specs_merge(http: FlaskClient) -> None:
    post(http, diff_by(A, [1, 2]))
    answer = post(http, diff_by(C, [3, 4], replica=OTHER))
    assert answer["others"]["state"][NAMES["of_a"]] == {"k1": 1, "k2": 1}
    assert answer["since"] == {NAMES[name]: time_of(2) + 1 for name in ("of_b", "of_c", "since")}
    by_a = read(http, A)
    assert by_a["others"]["state"][NAMES["of_a"]] == {f"k{number}": 1 for number in (1, 2, 3, 4)}
    assert by_a["since"] == {NAMES["ticks"]: time_of(4) + 1}


def test_since_of_a_diff_is_told_to_others_until_a_whole_contribution_comes(http: FlaskClient) -> None:
    since = {NAMES["of_b"]: time_of(2)}
    diff = diff_by(B, [1, 2], first=0, since=since)
    diff["delta"]["state"][NAMES["of_b"]] = {"k2": 1}
    post(http, diff)
    assert read(http, B)["since"] == since
    post(http, diff_by(B, [3], first=3, prev=event_id(2)))
    assert read(http, B)["since"] == since
    assert read(http, B)["others"]["state"][NAMES["of_b"]] == {"k2": 1, "k3": 1}
    post(http, diff_by(B, [1, 2, 3], first=0))
    assert read(http, B)["since"] == {}


@pytest.mark.parametrize(
    ("since", "field"),
    [
        (5, "since"),
        ([], "since"),
        ({"0" * 16: 5}, "since"),
        ({NAMES["of_a"]: 5}, "since"),
        ({NAMES["of_b"]: -1}, f"since.{NAMES['of_b']}"),
        ({NAMES["of_b"]: "5"}, f"since.{NAMES['of_b']}"),
        ({NAMES["of_b"]: 2**53}, f"since.{NAMES['of_b']}"),
    ],
)
def test_a_since_that_is_none_is_refused(app: Flask, http: FlaskClient, since: Any, field: str) -> None:
    answer = http.post("/v1/diffs", json=diff_by(B, [1]) | {"since": since}, headers=bearer())
    assert (answer.status_code, answer.json["name"], answer.json["field"]) == (400, "InvalidRequest", field)
    assert rows_of(app)["contributions"] == []


def test_a_retired_contribution_keeps_what_every_spec_counted(app: Flask, http: FlaskClient) -> None:
    post(http, diff_by(A, [1, 2]))
    post(http, diff_by(B, [1, 2], first=0))
    post(http, diff_by(B, [3], replica=OTHER))
    for replica in (REPLICA, OTHER):
        retire_replica(server_of(app).engine, server_of(app).profiles, "ada", replica)
    by_a, by_b = read(http, A), read(http, B)
    assert by_b["others"] == folded(B, frozenset({1, 2, 3})).members()
    assert by_b["since"] == {}
    assert by_a["others"]["state"][NAMES["of_a"]] == {"k1": 1, "k2": 1}
    assert by_a["since"][NAMES["of_a"]] == time_of(3) + 1


def test_an_import_by_another_spec_keeps_what_the_one_before_counted(app: Flask, http: FlaskClient) -> None:
    for of in (A, B):
        assert import_profiles(app, [("ada", folded(of, frozenset({1, 2})))]) == 1
    assert read(http, B)["others"] == folded(B, frozenset({1, 2})).members()
    assert read(http, A)["others"]["state"][NAMES["of_a"]] == {"k1": 1, "k2": 1}


def test_rows_of_before_specs_were_kept_side_by_side_are_read(app: Flask, http: FlaskClient) -> None:
    post(http, diff_by(A, [1, 2]))
    import_profiles(app, [("ada", folded(A, frozenset({5})))])
    with server_of(app).engine.begin() as connection:
        connection.execute(contributions.update().values(profile=to_text(folded(A, frozenset({1, 2})).members())))
        connection.execute(subjects.update().values(imported=to_text(folded(A, frozenset({5})).members())))
    assert read(http, A)["others"] == folded(A, frozenset({1, 2, 5})).members()
    assert read(http, A)["since"] == {}
    post(http, diff_by(A, [3], first=3, prev=event_id(2)))
    assert read(http, A)["others"] == folded(A, frozenset({1, 2, 3, 5})).members()
    assert read(http, B)["since"] == {NAMES["of_b"]: time_of(5) + 1, NAMES["last_note"]: time_of(5) + 1}


def test_an_export_says_all_that_is_kept(app: Flask, http: FlaskClient) -> None:
    post(http, diff_by(A, [1, 2]))
    post(http, diff_by(B, [3], first=3, prev=event_id(2)))
    import_profiles(app, [("ada", folded(C, frozenset({9})))])
    found = http.get("/v1/profile/export", headers=bearer()).json
    assert found["spec"] == C.id
    assert NAMES["of_b"] in found["since"]
    kept = found["kept"]
    assert kept["retired"] is None
    assert kept["imported"]["states"][NAMES["of_c"]] == {"state": {"k9": 1}}
    states = kept["contributions"][REPLICA]["states"]
    assert states[NAMES["of_a"]]["state"] == {"k1": 1, "k2": 1}
    assert states[NAMES["of_a"]]["since_ms"] == time_of(3) + 1
    assert states[NAMES["of_b"]] == {"state": {"k3": 1}, "since_ms": time_of(2) + 1}


def test_what_could_not_be_read_again_is_not_stored(app: Flask, http: FlaskClient) -> None:
    most = diff_by(A, [1])
    most["delta"]["state"][NAMES["by_key"]] = {"k1": 2**53 - 1}
    post(http, most)
    before = rows_of(app)
    one_more = diff_by(A, [2], first=2, prev=event_id(1))
    one_more["delta"]["state"][NAMES["by_key"]] = {"k1": 1}
    answer = http.post("/v1/diffs", json=one_more, headers=bearer())
    assert (answer.status_code, answer.json["name"]) == (422, "InvalidProfile")
    assert answer.json["field"] == f"state.{NAMES['by_key']}"
    assert rows_of(app) == before
    assert read(http, A)["others"]["state"][NAMES["by_key"]] == {"k1": 2**53 - 1}
