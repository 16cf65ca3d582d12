"""A real application on a real SQLite file, and what tests say to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import edgefold_reducer as ef
from edgefold_sync_api import create_app, issue_token
from edgefold_sync_api.server import EXTENSION, Server
from flask import Flask
from sqlalchemy import delete, insert, select

from edgefold_sync_api import schema  # isort: skip

SECRET = "a secret of the tests, of over thirty-two bytes"
KEYS = [f"k{number}" for number in range(256)]
MINUTE_MS = 60_000
START_MS = 20_454 * 86_400_000
REPLICA = "0123456789abcdef" * 2

tick = ef.event("tick", key=ef.string(4), note=ef.string(8, optional=True))
spec = ef.Spec(
    "ticks",
    events=[tick],
    attributes={"country": ef.enum("GB", "FR")},
    features={
        "ticks": ef.count(tick),
        "by_key": ef.count_by(tick.key, keys=KEYS),
        "recent": ef.count(tick, within=ef.minutes(30), hop=ef.minutes(2)),
        "last_note": ef.last(tick.note),
        "country": ef.attribute("country"),
    },
)
BY_KEY = spec.features[1].node.hash  # type: ignore[union-attr]  # an aggregate
RECENT = spec.features[2].node.hash  # type: ignore[union-attr]


def make_app(folder: Path, **config: Any) -> Flask:
    """Return the application of the spec on a new file in a folder."""
    reducer = folder / "reducer.json"
    reducer.write_text(spec.to_json(), "utf-8")
    settings = {
        "EDGEFOLD_SECRET": SECRET,
        "EDGEFOLD_SPEC": reducer,
        "EDGEFOLD_DATABASE_URL": f"sqlite:///{folder / 'edgefold.db'}",
        "EDGEFOLD_REQUESTS_PER_SECOND": 1e9,
    }
    return create_app(settings | config)


def server_of(app: Flask) -> Server:
    """Return the parts of an application."""
    server: Server = app.extensions[EXTENSION]
    return server


def bearer(subject: str = "ada", scope: str | None = None) -> dict[str, str]:
    """Return the headers of a subject."""
    return {"Authorization": f"Bearer {issue_token(SECRET, subject, 1, scope)}"}


def tick_event(number: int, seq: int = 1) -> dict[str, Any]:
    """Return the event whose key is its own."""
    return {"type": "tick", "time": START_MS + number * MINUTE_MS, "seq": seq, "data": {"key": KEYS[number]}}


def event_id(number: int) -> str:
    """Return the id of an event."""
    return f"event{number:03}"


def diff_of(
    numbers: list[int], *, first: int = 1, prev: str = "", replica: str = REPLICA, epoch: int = 0
) -> dict[str, Any]:
    """Return the diff of events by number; ``first`` 0 is the whole contribution."""
    last = len(numbers) if first == 0 else first + len(numbers) - 1
    return {
        "replica": replica,
        "spec": spec.id,
        "epoch": epoch,
        "from": first,
        "to": last,
        "prev": prev,
        "ids": [event_id(number) for number in numbers],
        "delta": ef.fold(spec, [tick_event(number) for number in numbers], replica=replica).members(),
    }


TABLES = (schema.subjects, schema.contributions)
Rows = dict[str, list[dict[str, Any]]]


def rows_of(app: Flask) -> Rows:
    """Return every row that is kept of subjects."""
    with server_of(app).engine.begin() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in TABLES
        }


def restore(app: Flask, rows: Rows) -> None:
    """Put the database back to a copy of its rows."""
    with server_of(app).engine.begin() as connection:
        for table in reversed(TABLES):
            connection.execute(delete(table))
        for table in TABLES:
            if rows[table.name]:
                connection.execute(insert(table), rows[table.name])
