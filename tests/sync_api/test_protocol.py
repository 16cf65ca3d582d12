"""The protocol holds under loss, repetition, delay, restored servers, rolled back and cloned devices, and retirement."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import machine_for
from .site import make_app

COUNT = int(os.environ.get("EDGEFOLD_COUNT", "150"))
STEPS = 40


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return make_app(tmp_path_factory.mktemp("protocol"))


def run(app: Flask, examples: int, *, shrink: bool = True) -> None:
    """Run the machine; without EDGEFOLD_SEED the runs are always the same."""
    given_seed = os.environ.get("EDGEFOLD_SEED")
    phases = set(Phase) - {Phase.explain, Phase.reuse} - (set() if shrink else {Phase.shrink})
    machine: Any = machine_for(app)
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
def test_nothing_is_lost_or_counted_twice_and_nobody_is_stuck(app: Flask) -> None:
    run(app, COUNT)
