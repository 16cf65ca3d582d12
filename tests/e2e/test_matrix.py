"""The fault matrix: what ``track`` resolved is counted once, whatever happens to tabs, network, storage, clock and user.

Each run is drawn by EDGEFOLD_SEED and its number; EDGEFOLD_COUNT makes a longer run: a tenth of it in Chromium, 1 in 80 in each other engine.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from .engine.browser import running
from .engine.process import Engine
from .matrix.check import Verdict
from .matrix.network import Network
from .matrix.play import NONE, Plant, play
from .matrix.scenario import DIMENSIONS, Scenario, draw
from .matrix.shop import shop

SEED, COUNT = int(os.environ.get("EDGEFOLD_SEED", "1")), int(os.environ.get("EDGEFOLD_COUNT", "0"))
RUNS = {"chromium": max(8, COUNT // 10), "firefox": max(2, COUNT // 80), "webkitgtk": max(2, COUNT // 80)}
CALM = Scenario("calm", 2, "leave", "well", "well", "indexeddb", "well", "none", False, True, 4, 0, 1, 0)


def run(scenario: Scenario, engine: Engine, page: Path, folder: Path, plant: Plant = NONE) -> Verdict:
    """Play a scenario with a browser, a site and a database of its own."""
    if engine.lacks is not None:
        pytest.skip(engine.lacks)
    with shop(page, folder) as served:
        app = served.site.app
        network = Network(app.wsgi_app, random.Random(scenario.seed), scenario.faults)
        app.wsgi_app = network  # type: ignore[method-assign]  # how Flask documents a middleware
        with running(engine, served.site.url, folder / "profile") as browser:
            return play(scenario, browser, served, network, plant)


@pytest.mark.parametrize(("name", "number"), [(name, number) for name, runs in RUNS.items() for number in range(runs)])
def test_nothing_is_lost_doubled_or_stuck(
    name: str,
    number: int,
    found_engines: dict[str, Engine],
    page_folder: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    scenario = draw(SEED, number, name)
    verdict = run(scenario, found_engines[name], page_folder, tmp_path)
    record_property("matrix", verdict.told(name))
    assert verdict.is_good(), (verdict, scenario)


@pytest.mark.parametrize(
    ("fault", "plant", "ending"),
    [
        ("lost", Plant("device.resolveEarly"), "kill"),
        ("doubled", Plant(network="twice"), "close"),
        ("stuck", Plant(network="offline", drain_ms=2_000), "close"),
    ],
)
def test_a_planted_fault_is_seen(
    fault: str, plant: Plant, ending: str, found_engines: dict[str, Engine], page_folder: Path, tmp_path: Path
) -> None:
    scenario = replace(CALM, ending=ending)
    verdict = run(scenario, found_engines["chromium"], page_folder, tmp_path, plant)
    assert getattr(verdict, fault), verdict


def test_a_calm_life_is_good(found_engines: dict[str, Engine], page_folder: Path, tmp_path: Path) -> None:
    verdict = run(CALM, found_engines["chromium"], page_folder, tmp_path)
    assert verdict.is_good(), verdict
    assert verdict.events == CALM.tabs * (3 * CALM.events + 3) + CALM.events


def test_every_value_of_every_dimension_comes_as_often_as_it_stands() -> None:
    for name, values in DIMENSIONS.items():
        drawn = [getattr(draw(7, number, "chromium"), name) for number in range(3 * len(values))]
        assert sorted(map(str, drawn)) == sorted(map(str, [*values] * 3))
