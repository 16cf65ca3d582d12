"""``edgefold serve`` and ``edgefold token``, as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from click.testing import CliRunner
from edgefold_sync_api import command, tokens

from .site import SECRET, bearer, diff_of, make_app, spec, tick_event
from .specs import B

LIMIT_S = 120
"""Against a hang only: a busy machine may take long."""


def started(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server on a free port; return it and its address."""
    make_app(folder)
    process = subprocess.Popen(
        [
            *(
                sys.executable,
                "-c",
                "from edgefold_reducer.command import main; main()",
                "serve",
                "--port",
                "0",
                "--spec",
                str(folder / "reducer.json"),
            ),
            *("--database", f"sqlite:///{folder / 'edgefold.db'}", *options),
        ],
        env=os.environ | {"EDGEFOLD_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"Listening at (http://127\.0\.0\.1:\d+); spec ticks [0-9a-f]{12}, bundles: none\.\n", line)
    if found is None:
        process.kill()
        raise AssertionError(line + process.stdout.read())
    return process, found[1]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_server_serves_until_a_signal_and_exits_with_0(tmp_path: Path, stop: signal.Signals) -> None:
    process, address = started(tmp_path, "--workers", "2")
    try:
        for number in range(4):
            request = urllib.request.Request(
                f"{address}/v1/diffs",
                json.dumps(diff_of([number], replica=f"{number:032x}")).encode(),
                bearer() | {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                assert json.load(answer)["outcome"] == "applied"
    finally:
        process.send_signal(stop)
        rest, _ = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, rest) == (0, "")


def test_every_worker_follows_what_is_published_meanwhile(tmp_path: Path) -> None:
    process, address = started(tmp_path, "--workers", "2")

    def read(path: str) -> dict[str, Any]:
        with urllib.request.urlopen(
            urllib.request.Request(address + path, headers=bearer()), timeout=LIMIT_S
        ) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    try:
        published = tmp_path / "next.json"
        published.write_text(B.to_json(), "utf-8")
        options = ["--spec", str(published), "--database", f"sqlite:///{tmp_path / 'edgefold.db'}"]
        assert CliRunner().invoke(command.publish, options).exit_code == 0
        for _ in range(20):
            assert read(f"/v1/profile?spec={B.id}")["spec"] == B.id
        until = time.monotonic() + LIMIT_S
        while {read("/readyz")["spec"] for _ in range(20)} != {B.id}:
            assert time.monotonic() < until
        for number, of in enumerate((spec, B)):
            delta = ef.fold(of, [tick_event(number)], replica=f"{number:032x}").members()
            diff = diff_of([number], replica=f"{number:032x}") | {"spec": of.id, "delta": delta}
            body = json.dumps(diff).encode()
            with urllib.request.urlopen(
                urllib.request.Request(f"{address}/v1/diffs", body, bearer()), timeout=LIMIT_S
            ) as answer:
                assert json.load(answer)["outcome"] == "applied"
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, rest) == (0, "")


def test_a_server_without_a_secret_says_what_is_missing(tmp_path: Path) -> None:
    make_app(tmp_path)
    options = ["--spec", str(tmp_path / "reducer.json")]
    done = CliRunner().invoke(command.serve, options, env={"EDGEFOLD_SECRET": None})
    assert done.exit_code == 1
    assert done.output.startswith("Error: EDGEFOLD_SECRET is None; expected a secret of at least 32 bytes")


def test_a_token_is_for_its_subject_and_scope() -> None:
    options = ["--subject", "shop", "--hours", "0.5", "--scope", "score"]
    done = CliRunner().invoke(command.token, options, env={"EDGEFOLD_SECRET": SECRET})
    assert tokens.read_token(SECRET, f"Bearer {done.output.strip()}") == tokens.Token("shop", "score")
