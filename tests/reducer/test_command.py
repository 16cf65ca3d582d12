"""``edgefold replay``: what the command prints is what the functions return."""

from __future__ import annotations

import json
from pathlib import Path

import edgefold_reducer as ef
import pytest
from click.testing import CliRunner
from edgefold_reducer.command import main

view = ef.event("view", page=ef.string(20))
spec = ef.Spec(
    "pages",
    events=[view],
    attributes={"country": ef.enum("GB", "FR")},
    features={"views": ef.count(view), "last": ef.last(view.page), "country": ef.attribute("country")},
)
START_MS = 1_767_225_600_000
EVENTS = [
    {"type": "view", "time": START_MS + i, "seq": i + 1, "data": {"page": page}}
    for i, page in enumerate(("home", "😀"))
]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "reducer.json").write_text(spec.to_json(), "utf-8")
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, EVENTS)) + "\n\n", "utf-8")
    return [str(tmp_path / "reducer.json"), str(tmp_path / "events.jsonl")]


def test_replay_prints_the_profile_and_the_features(files: list[str]) -> None:
    given = ["replay", *files, "--replica", "r", "--now", str(START_MS + 4), "--attributes", '{"country": "FR"}']
    printed = json.loads(CliRunner().invoke(main, given, catch_exceptions=False).output)
    profile = ef.fold(spec, EVENTS, replica="r")
    assert ef.canonical_json(printed["profile"]) == profile.to_json()
    assert printed["features"] == ef.features(spec, profile, START_MS + 4, {"country": "FR"})
    assert printed["now_ms"] == START_MS + 4


def test_replay_reads_out_after_the_last_event_by_default(files: list[str]) -> None:
    printed = json.loads(CliRunner().invoke(main, ["replay", *files], catch_exceptions=False).output)
    assert (printed["now_ms"], printed["features"]["country"]) == (START_MS + 2, None)


def test_replay_refuses_seconds_and_folds_them_when_told(files: list[str]) -> None:
    seconds = [event | {"time": START_MS // 1000} for event in EVENTS]
    Path(files[1]).write_text("\n".join(map(json.dumps, seconds)), "utf-8")
    refused = CliRunner().invoke(main, ["replay", *files])
    assert refused.exit_code == 1
    assert 'As seconds it is 2026-01-01: say unit="s"' in refused.output
    printed = CliRunner().invoke(main, ["replay", *files, "--unit", "s"], catch_exceptions=False).output
    assert json.loads(printed)["profile"]["last_ms"] == START_MS


def test_replay_says_which_event_is_refused_and_folds_nothing(files: list[str]) -> None:
    Path(files[1]).write_text('{"type": "click", "time": 1, "data": {}}\n', "utf-8")
    result = CliRunner().invoke(main, ["replay", *files])
    assert result.exit_code == 1
    assert "type is 'click'; expected a declared event type: view" in result.output
    assert "profile" not in result.output


def test_every_subcommand_of_the_installed_packages_has_help() -> None:
    listed = CliRunner().invoke(main, ["--help"], catch_exceptions=False).output
    for command in ("demo", "export", "import", "replay", "serve", "token", "verify"):
        assert command in listed
        assert CliRunner().invoke(main, [command, "--help"], catch_exceptions=False).exit_code == 0
