"""What an operator imports is a subject's base."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from click.testing import CliRunner
from edgefold_sync_api import InvalidImport, bulk
from edgefold_sync_api.bulk import import_attributes, import_profiles
from edgefold_sync_api.command import import_command
from edgefold_sync_api.errors import InvalidRequest
from edgefold_sync_api.sync import retire_replica
from flask import Flask

from .site import REPLICA, SECRET, bearer, diff_of, make_app, rows_of, server_of, spec, tick_event

SUBJECTS = 23_570


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


def profile_of(*numbers: int) -> ef.Profile:
    return ef.fold(spec, [tick_event(number) for number in numbers])


def known(app: Flask, subject: str = "ada") -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/v1/profile/export", headers=bearer(subject)).json
    return found


def test_an_imported_profile_is_the_base_and_an_import_replaces_the_one_before(app: Flask) -> None:
    app.test_client().post("/v1/diffs", json=diff_of([5]), headers=bearer())
    for profile in (profile_of(1, 2), profile_of(3), profile_of(3)):
        assert import_profiles(app, [("ada", profile), ("bob", profile.members())]) == 2
    assert known(app)["base"] == profile_of(3).members()
    assert known(app)["profile"] == profile_of(3, 5).members()
    assert known(app, "bob")["profile"] == profile_of(3).members()


def test_an_import_keeps_what_retired_replicas_gave(app: Flask) -> None:
    app.test_client().post("/v1/diffs", json=diff_of([5]), headers=bearer())
    retire_replica(server_of(app).engine, server_of(app).profiles, "ada", REPLICA)
    for _ in range(2):
        import_profiles(app, [("ada", profile_of(1))])
    assert known(app)["base"] == profile_of(1, 5).members()


def test_attributes_are_set_in_place_of_those_before(app: Flask) -> None:
    import_profiles(app, [("ada", profile_of(1))])
    assert import_attributes(app, [("ada", {"country": "GB"}), ("bob", {"country": None})]) == 2
    assert known(app)["attributes"] == {"country": "GB"}
    assert known(app)["base"] == profile_of(1).members()
    assert known(app, "bob")["attributes"] == {}


@pytest.mark.parametrize(
    ("store", "row", "field"),
    [
        (import_profiles, ("", {}), "subject"),
        (import_profiles, ("bob\x00", {}), "subject"),
        (import_profiles, ("bob", {"last_ms": 5}), "profile"),
        (import_profiles, ("bob", 5), "profile"),
        (import_attributes, ("bob", {"country": "XX"}), "attributes.country"),
        (import_attributes, ("bob", []), "attributes"),
    ],
)
def test_a_wrong_row_is_refused_and_nothing_is_stored(app: Flask, store: Any, row: Any, field: str) -> None:
    good = ("ada", profile_of(1)) if store is import_profiles else ("ada", {"country": "GB"})
    with pytest.raises(InvalidImport) as raised:
        store(app, [good, row])
    assert (raised.value.row, raised.value.field) == (2, field)
    assert rows_of(app)["subjects"] == []


def test_many_profiles_are_imported_in_several_transactions(app: Flask) -> None:
    rows = [(f"customer {number}", profile_of(number % 256)) for number in range(SUBJECTS)]
    assert bulk.BATCH < SUBJECTS
    assert import_profiles(app, rows) == SUBJECTS
    assert known(app, "customer 23569")["base"] == profile_of(23_569 % 256).members()


def test_edgefold_import_reads_json_lines(app: Flask, tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    rows = [{"subject": "ada", "profile": profile_of(1).members(), "attributes": {"country": "FR"}}, {"subject": "bob"}]
    lines.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    url = f"sqlite:///{tmp_path / 'edgefold.db'}"
    options = [str(lines), "--spec", str(tmp_path / "reducer.json"), "--database", url]
    done = CliRunner().invoke(import_command, options, env={"EDGEFOLD_SECRET": SECRET})
    assert done.output == "Imported 1 profiles and attributes of 1 subjects.\n"
    assert known(app)["base"] == profile_of(1).members()
    assert known(app)["attributes"] == {"country": "FR"}


@pytest.mark.parametrize(
    "line", ["{", "5", '{"profile": {}}', '{"subject": "ada", "profile": {}}', '{"subject": "a", "more": 1}']
)
def test_edgefold_import_names_the_line_that_is_wrong(app: Flask, tmp_path: Path, line: str) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"subject": "ada"}\n\n' + line, "utf-8")
    url = f"sqlite:///{tmp_path / 'edgefold.db'}"
    options = [str(lines), "--spec", str(tmp_path / "reducer.json"), "--database", url]
    done = CliRunner().invoke(import_command, options, env={"EDGEFOLD_SECRET": SECRET})
    assert done.exit_code == 1
    assert "Error: row 3: " in done.output
    assert rows_of(app)["subjects"] == []


def test_a_refusal_crosses_a_process_with_its_values() -> None:
    for error in (InvalidImport(3, "time", "x", "an integer"), InvalidRequest("from", -1, "0 or more")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
