"""Several workers on one database lose nothing, on SQLite and on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from edgefold_serving import Bundle
from edgefold_sync_api.bulk import import_profiles
from edgefold_sync_api.catalogue import publish_bundle, roll_back
from edgefold_sync_api.database import open_database
from edgefold_sync_api.schema import metadata
from edgefold_sync_api.subject_tag import open_subject_tags
from flask import Flask
from sqlalchemy import text

from tests import bundles

from .postgres import postgresql
from .releases import release, wider
from .site import BY_KEY, KEYS, SECRET, bearer, diff_of, event_id, make_app, server_of, spec, tick_event

DIFFS = 25
LIMIT_S = 240
"""A busy machine may take long; the test's own limit is 300 s."""

Open = Callable[[], Flask]


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The settings of an empty database."""
    if request.param == "sqlite":
        return {"EDGEFOLD_DATABASE_URL": f"sqlite:///{tmp_path / 'edgefold.db'}"}
    url: str = request.getfixturevalue("postgres_url")
    engine = server_of(make_app(tmp_path, EDGEFOLD_DATABASE_URL=url)).engine
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    return {"EDGEFOLD_DATABASE_URL": url}


@pytest.fixture
def open_app(config: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    """Open the application on the database, as often as a test likes."""
    apps: list[Flask] = []

    def open_one() -> Flask:
        apps.append(make_app(tmp_path, **config))
        return apps[-1]

    yield open_one
    for app in apps:
        server_of(app).engine.dispose()


def upload(app: Flask, replica: str, numbers: list[int]) -> list[str]:
    """Upload events one a diff, each sent twice; return the outcomes."""
    http = app.test_client()
    outcomes, prev = [], ""
    for seq, number in enumerate(numbers, start=1):
        diff = diff_of([number], first=seq, prev=prev, replica=replica)
        for _ in range(2):
            answer = http.post("/v1/diffs", json=diff, headers=bearer())
            outcomes.append(answer.json["outcome"] if answer.status_code == 200 else answer.text)
        prev = event_id(number)
    return outcomes


def upload_alone(folder: str, config: dict[str, str], replica: str, numbers: list[int], results: Any) -> None:
    """Be a worker process of its own, with a secret of its own: the database is brought up to date by all of them at once."""
    tags = open_subject_tags(open_database(config["EDGEFOLD_DATABASE_URL"]), SECRET + replica)
    app = make_app(Path(folder), **config)
    results.put((upload(app, replica, numbers), tags.tag("ada")))
    server_of(app).engine.dispose()


def counts(app: Flask) -> dict[str, int]:
    found: dict[str, int] = (
        app.test_client().get("/v1/profile/export", headers=bearer()).json["profile"]["state"][BY_KEY]
    )
    return found


def test_processes_that_upload_at_once_lose_nothing(config: dict[str, str], open_app: Open, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    devices = {f"{number:032x}": list(range(number * DIFFS, (number + 1) * DIFFS)) for number in range(3)}
    workers = [
        context.Process(target=upload_alone, args=(str(tmp_path), config, replica, numbers, results))
        for replica, numbers in devices.items()
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=LIMIT_S) for _ in workers]
    for worker in workers:
        worker.join(LIMIT_S)
    assert [outcomes for outcomes, _ in found] == [["applied", "duplicate"] * DIFFS] * len(workers)
    assert len({tag for _, tag in found}) == 1
    assert counts(open_app()) == {KEYS[number]: 1 for each in devices.values() for number in each}


def test_threads_that_upload_the_same_diffs_at_once_apply_each_once(open_app: Open) -> None:
    app = open_app()
    outcomes: list[str] = []
    together = threading.Barrier(6)

    def device() -> None:
        http, prev = app.test_client(), ""
        for seq in range(1, DIFFS + 1):
            diff = diff_of([seq], first=seq, prev=prev)
            together.wait()
            answer = http.post("/v1/diffs", json=diff, headers=bearer())
            outcomes.append(answer.json["outcome"] if answer.status_code == 200 else answer.text)
            prev = event_id(seq)

    threads = [threading.Thread(target=device) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied"] * DIFFS + ["duplicate"] * DIFFS * 5
    assert counts(app) == {KEYS[number]: 1 for number in range(1, DIFFS + 1)}


def test_the_migrations_make_the_tables_that_the_code_declares(open_app: Open) -> None:
    app = open_app()
    open_app()
    with server_of(app).engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_database_keeps_what_was_answered_for(open_app: Open) -> None:
    upload(open_app(), "0" * 32, [1, 2])
    app = open_app()
    http = app.test_client()
    assert counts(app) == {"k1": 1, "k2": 1}
    note = tick_event(3) | {"data": {"key": "k3", "note": "a\x00😀"}}
    profile = ef.fold(spec, [note])
    import_profiles(app, [("eve", profile)])
    assert http.get("/v1/profile", headers=bearer("eve")).json["others"] == profile.members()
    assert http.delete("/v1/profile", headers=bearer()).json == {"epoch": 1}
    assert http.post("/v1/diffs", json=diff_of([1]), headers=bearer()).status_code == 410
    gap = http.post("/v1/diffs", json=diff_of([5], first=9, prev=event_id(4)), headers=bearer("new"))
    assert gap.json["outcome"] == "gap"
    with server_of(app).engine.begin() as connection:
        assert connection.execute(text("SELECT subject FROM subjects ORDER BY 1")).scalars().all() == ["ada", "eve"]


def test_every_database_holds_the_catalogue(open_app: Open, tmp_path: Path) -> None:
    app, engine = open_app(), server_of(open_app()).engine
    first = bundles.linear_bundle(tmp_path / "first").path
    second = release(first, tmp_path / "second", wider, version=2)
    for path in (first, second):
        publish_bundle(engine, Bundle.open(path), 0)
    http = app.test_client()
    for of in (spec, bundles.spec, wider):
        assert http.get(f"/v1/profile?spec={of.id}", headers=bearer()).json["spec"] == of.id
    for name, file in Bundle.open(second).manifest.files.items():
        assert http.get(f"/v1/blobs/{file.sha256}").data == (second / name).read_bytes()
    assert http.get("/readyz").json["bundles"] == {"repurchase": 2}
    assert http.post("/v1/score", json={}, headers=bearer()).json["version"] == 2
    roll_back(engine, "repurchase", None, 0)
    assert server_of(open_app()).catalogue.release("repurchase").version == 1


def test_sqlite_is_durable_and_checks_its_keys(tmp_path: Path) -> None:
    with server_of(make_app(tmp_path)).engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]  # synchronous 2 is FULL


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    other = sqlite3.connect(tmp_path / "edgefold.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, other.close)
    release.start()
    assert upload(app, "0" * 32, [1]) == ["applied", "duplicate"]
    release.join()
