"""What is published is served by running workers; nothing that a device may ask for goes away."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from click.testing import CliRunner
from edgefold_serving import Bundle
from edgefold_sync_api import command, create_app
from edgefold_sync_api.catalogue import Configured, configured, publish_bundle, publish_spec, roll_back
from edgefold_sync_api.catalogue.configured import sign
from edgefold_sync_api.errors import ReleaseRefused
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests import bundles

from .releases import release, wider
from .site import SECRET, bearer, diff_of, make_app, server_of, spec

LIMIT_S = 120
OTHER = "f" * 32


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.linear_bundle(tmp_path_factory.mktemp("bundle") / "linear").path


@pytest.fixture
def second(first: Path, tmp_path: Path) -> Path:
    return release(first, tmp_path / "second", wider, version=2)


Start = Callable[..., Flask]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a worker with these bundles; all are on one database."""

    def one(*paths: Path, **config: Any) -> Flask:
        url = f"sqlite:///{tmp_path / 'edgefold.db'}"
        settings = {"EDGEFOLD_SECRET": SECRET, "EDGEFOLD_DATABASE_URL": url, "EDGEFOLD_REQUESTS_PER_SECOND": 1e9}
        return create_app(settings | {"EDGEFOLD_BUNDLES": list(paths)} | config)

    return one


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def served(app: Flask) -> dict[str, int]:
    found: dict[str, int] = app.test_client().get("/readyz").json["bundles"]
    return found


def served_soon(app: Flask, expected: dict[str, int]) -> None:
    """Wait until a worker serves these versions, as long as a busy machine may need."""
    until = time.monotonic() + LIMIT_S
    while (found := served(app)) != expected:
        assert time.monotonic() < until, found
        time.sleep(0.05)


def manifest(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/v1/bundles/repurchase/manifest").json
    return found


def score(http: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = http.post("/v1/score", json={}, headers=bearer()).json
    return found


def silence(app: Flask) -> None:
    """Let a minute pass since any process told that it lives."""
    with server_of(app).engine.begin() as connection:
        connection.execute(text("UPDATE configured SET seen_at_ms = 0"))


def test_a_running_worker_serves_what_is_published_and_what_is_rolled_back_to(
    start: Start, first: Path, second: Path
) -> None:
    workers = [start(first), start(first)]
    engine = server_of(workers[0]).engine
    publish_bundle(engine, Bundle.open(second), now_ms())
    for app in workers:
        served_soon(app, {"repurchase": 2})
        http = app.test_client()
        assert manifest(app)["spec"] == wider.id
        assert http.get("/v1/profile", headers=bearer()).json["spec"] == wider.id
        found = score(http)
        assert (found["version"], "gifts" in found["features"]) == (2, True)
    roll_back(engine, "repurchase", None, now_ms())
    for app in workers:
        served_soon(app, {"repurchase": 1})
        assert app.test_client().get("/v1/profile", headers=bearer()).json["spec"] == bundles.spec.id
        assert "gifts" not in score(app.test_client())["features"]
    publish_bundle(engine, Bundle.open(second), now_ms())
    served_soon(workers[0], {"repurchase": 2})


def test_the_release_of_a_manifest_grows_with_a_rollback_too(start: Start, first: Path, second: Path) -> None:
    app = start(first)
    engine = server_of(app).engine

    def release() -> int:
        return int(app.test_client().get("/v1/bundles/repurchase/manifest").headers["Edgefold-Release"])

    told = [release()]
    publish_bundle(engine, Bundle.open(second), now_ms())
    served_soon(app, {"repurchase": 2})
    told.append(release())
    roll_back(engine, "repurchase", None, now_ms())
    served_soon(app, {"repurchase": 1})
    told.append(release())
    assert told == sorted(set(told)), "each is larger than the one before"


def test_every_file_that_was_published_stays(start: Start, first: Path, second: Path) -> None:
    app = start(first)
    publish_bundle(server_of(app).engine, Bundle.open(second), now_ms())
    http = app.test_client()
    for path in (second, first):
        opened = Bundle.open(path)
        for name, file in opened.manifest.files.items():
            answer = http.get(f"/v1/blobs/{file.sha256}")
            assert (answer.status_code, answer.data) == (200, opened.files[name])


def test_a_spec_that_is_just_published_is_known_at_once(start: Start, first: Path) -> None:
    http = start(first).test_client()
    before = http.get(f"/v1/profile?spec={spec.id}", headers=bearer())
    assert (before.status_code, before.json["name"]) == (409, "SpecMismatch")
    assert (before.json["given"], before.json["expected"]) == (spec.id, bundles.spec.id)
    publish_spec(server_of(http.application).engine, spec, now_ms())
    answer = http.get(f"/v1/profile?spec={spec.id}", headers=bearer())
    assert (answer.status_code, answer.json["spec"]) == (200, spec.id)
    assert http.post("/v1/diffs", json=diff_of([1]), headers=bearer()).json["outcome"] == "applied"


@pytest.mark.parametrize("given", ["", "0" * 63, "F" * 64, "spec"])
def test_a_spec_in_the_query_is_checked(start: Start, first: Path, given: str) -> None:
    answer = start(first).test_client().get(f"/v1/profile?spec={given}", headers=bearer())
    assert (answer.status_code, answer.json["name"], answer.json["field"]) == (400, "InvalidRequest", "spec")


def test_devices_of_two_specs_are_answered_each_by_its_own(tmp_path: Path, first: Path) -> None:
    app = make_app(tmp_path, EDGEFOLD_BUNDLES=[first])
    http = app.test_client()
    tick = http.post("/v1/diffs", json=diff_of([1]), headers=bearer()).json
    event = {"type": "order", "time": 5, "seq": 1, "data": {"amount": 1, "quantity": 1, "gift": False, "genre": "rock"}}
    delta = ef.fold(bundles.spec, [event], replica=OTHER, unit="ms").members()
    order = diff_of([2], replica=OTHER) | {"spec": bundles.spec.id, "delta": delta}
    assert (tick["outcome"], tick["spec"]) == ("applied", spec.id)
    ordered = http.post("/v1/diffs", json=order, headers=bearer()).json
    assert (ordered["outcome"], ordered["spec"], ordered["others"]["spec"]) == (
        "applied",
        bundles.spec.id,
        bundles.spec.id,
    )
    by_tick = http.get(f"/v1/profile?spec={spec.id}&replica={OTHER}", headers=bearer()).json
    assert by_tick["others"]["state"] == diff_of([1])["delta"]["state"]
    assert score(http)["features"]["orders"] == 1
    assert served(app) == {"repurchase": 1}


def test_a_restart_with_an_older_configuration_serves_it_once_the_newer_has_gone(
    start: Start, first: Path, second: Path
) -> None:
    start(first)
    newer = start(second)
    assert served(newer) == {"repurchase": 2}
    older = start(first)
    assert served(older) == {"repurchase": 2}  # so far it may be a worker of the old deploy that was started again
    silence(newer)
    assert served(start(first)) == {"repurchase": 1}
    served_soon(older, {"repurchase": 1})


def test_a_waiting_configuration_takes_effect_without_another_restart(start: Start, first: Path, second: Path) -> None:
    start(first)
    older, newer = Configured((Bundle.open(first),)), start(second)
    engine = server_of(newer).engine
    sign(engine, older, now_ms())
    served_soon(newer, {"repurchase": 2})
    silence(newer)
    sign(engine, older, now_ms())
    served_soon(newer, {"repurchase": 1})


def test_workers_of_two_configurations_take_no_turns(start: Start, first: Path, second: Path) -> None:
    start(first)
    newer = start(second)
    older, engine = Configured((Bundle.open(first),)), server_of(newer).engine
    for _ in range(3):
        for given in (older, Configured((Bundle.open(second),))):
            sign(engine, given, now_ms())
            assert served(start(second)) == {"repurchase": 2}
            assert served(start(first)) == {"repurchase": 2}


def test_a_restart_leaves_what_was_published_and_rolled_back_by_command(
    start: Start, first: Path, second: Path
) -> None:
    engine = server_of(start(first)).engine
    publish_bundle(engine, Bundle.open(second), now_ms())
    assert served(start(first)) == {"repurchase": 2}
    assert served(start(second)) == {"repurchase": 2}
    roll_back(engine, "repurchase", None, now_ms())
    assert served(start(second)) == {"repurchase": 1}


def test_a_first_configuration_leaves_a_newer_published_version(start: Start, first: Path, second: Path) -> None:
    engine = server_of(start(EDGEFOLD_SPEC=_spec_file(first))).engine
    publish_bundle(engine, Bundle.open(second), now_ms())
    assert served(start(first)) == {"repurchase": 2}


def _spec_file(bundle: Path) -> Path:
    return bundle / "reducer.json"


def test_a_version_is_published_once_and_only_a_higher_one_after_it(start: Start, first: Path, second: Path) -> None:
    app = start(first)
    engine = server_of(app).engine
    publish_bundle(engine, Bundle.open(second), now_ms())
    another = release(first, second.parent / "another", bundles.spec, version=2)
    for refused in (first, another):
        with pytest.raises(ReleaseRefused, match="a version over 2, which is published"):
            publish_bundle(engine, Bundle.open(refused), now_ms())
    served_soon(app, {"repurchase": 2})


@pytest.mark.parametrize(("name", "version"), [("repurchase", None), ("repurchase", 3), ("another", None)])
def test_only_a_published_version_is_rolled_back_to(start: Start, first: Path, name: str, version: int | None) -> None:
    engine = server_of(start(first)).engine
    with pytest.raises(ReleaseRefused, match="expected one of its published versions"):
        roll_back(engine, name, version, now_ms())


def test_bundles_of_two_specs_are_served_by_one_server(start: Start, first: Path, second: Path, tmp_path: Path) -> None:
    gifts = release(first, tmp_path / "gifts", wider, name="gifts")
    app = start(first, gifts)
    assert served(app) == {"repurchase": 1, "gifts": 1}
    http = app.test_client()
    assert score(http)["bundle"] == "repurchase"
    found = http.post("/v1/score", json={"bundle": "gifts"}, headers=bearer()).json
    assert found["features"]["gifts"] == 0
    assert http.get("/v1/profile", headers=bearer()).json["spec"] == bundles.spec.id


def test_edgefold_publish_and_rollback_say_what_they_did(
    start: Start, first: Path, second: Path, tmp_path: Path
) -> None:
    app = start(first)
    database = ["--database", f"sqlite:///{tmp_path / 'edgefold.db'}"]
    done = CliRunner().invoke(command.publish, ["--bundle", str(second), *database])
    assert (done.exit_code, done.output) == (0, f"Published repurchase 2, of spec {wider.id[:12]}.\n")
    served_soon(app, {"repurchase": 2})
    done = CliRunner().invoke(command.rollback, ["repurchase", "--to", "1", *database])
    assert (done.exit_code, done.output) == (0, f"Rolled repurchase back to 1, of spec {bundles.spec.id[:12]}.\n")
    served_soon(app, {"repurchase": 1})
    done = CliRunner().invoke(command.rollback, ["repurchase", *database])
    assert (done.exit_code, done.output.splitlines()[0][:40]) == (1, "Error: bundle 'repurchase': the version ")
    done = CliRunner().invoke(command.publish, ["--bundle", str(first), *database])
    assert done.exit_code == 1
    assert "expected a version over 2, which is published." in done.output
    (tmp_path / "reducer.json").write_text(spec.to_json(), "utf-8")
    done = CliRunner().invoke(command.publish, ["--spec", str(tmp_path / "reducer.json"), *database])
    assert (done.exit_code, done.output) == (0, f"Published spec ticks {spec.id[:12]}.\n")
    assert CliRunner().invoke(command.publish, database).exit_code == 2


def test_a_worker_tells_that_it_lives(start: Start, first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = start(first)
    silence(app)
    monkeypatch.setattr("edgefold_sync_api.catalogue.current.SIGN_S", 0)
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        served(app)
        with server_of(app).engine.begin() as connection:
            if connection.scalar(text("SELECT min(seen_at_ms) FROM configured")) > 0:
                return
    raise AssertionError("no sign of life")


def test_a_silent_minute_is_longer_than_several_signs() -> None:
    from edgefold_sync_api.catalogue import current

    assert configured.SILENT_MS >= 5_000 * current.SIGN_S
