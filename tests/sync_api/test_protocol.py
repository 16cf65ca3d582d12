"""The protocol holds under loss, repetition, delay, restored servers, rolled back and cloned devices, retirement, and specs that change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from edgefold_sync_api.catalogue import publish_spec
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import machine_for
from .site import make_app, server_of
from .specs import SPECS

COUNT = int(os.environ.get("EDGEFOLD_COUNT", "150"))
STEPS = 40


def serve_specs(folder: Path) -> Flask:
    """Return an application that has all specs of the machine."""
    app = make_app(folder)
    for of in SPECS:
        publish_spec(server_of(app).engine, of, 0)
    return app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return serve_specs(tmp_path_factory.mktemp("protocol"))


def run(app: Flask, examples: int, *, keeps_rows: bool = True, shrink: bool = True) -> None:
    """Run the machine; without EDGEFOLD_SEED the runs are always the same."""
    given_seed = os.environ.get("EDGEFOLD_SEED")
    phases = set(Phase) - {Phase.explain, Phase.reuse} - (set() if shrink else {Phase.shrink})
    machine: Any = machine_for(app, keeps_rows)
    run_state_machine_as_test(
        seed(int(given_seed))(machine) if given_seed else machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=given_seed is None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(24 * 3600)
@pytest.mark.parametrize("keeps_rows", [True, False])
def test_nothing_is_lost_or_counted_twice_and_nobody_is_stuck(app: Flask, keeps_rows: bool) -> None:
    run(app, COUNT, keeps_rows=keeps_rows)
