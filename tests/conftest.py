"""The random harnesses run a short slice of fixed seed; EDGEFOLD_SEED and EDGEFOLD_COUNT (``make soak``) make it a long one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Playwright, expect, sync_playwright

settings.register_profile("slice", derandomize=True, deadline=None, database=None)
settings.register_profile("soak", max_examples=int(os.environ.get("EDGEFOLD_COUNT", "100")), deadline=None)
SOAK = "EDGEFOLD_COUNT" in os.environ
settings.load_profile("soak" if SOAK else "slice")

BROWSER_LIMIT_MS = 120_000
"""How long a test waits for a page: a limit against a hang, which a busy machine must not reach."""
expect.set_options(timeout=BROWSER_LIMIT_MS)


def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis the seed of the soak."""
    if "EDGEFOLD_SEED" in os.environ and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = os.environ["EDGEFOLD_SEED"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum what the runs of the fault matrix told, by engine."""
    sums: dict[str, Counter[str]] = {}
    for report in (each for reports in terminalreporter.stats.values() for each in reports):
        for name, told in getattr(report, "user_properties", ()):
            if name == "matrix" and getattr(report, "when", None) == "call":
                numbers = {key: value for key, value in told.items() if key != "engine"}
                sums.setdefault(told["engine"], Counter()).update(runs=1, **numbers)
    for engine, sum_ in sorted(sums.items()):
        numbers = ", ".join(f"{name} {number}" for name, number in sum_.items())
        terminalreporter.write_line(f"fault matrix, {engine}, seed {os.environ.get('EDGEFOLD_SEED', '1')}: {numbers}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of browsers in this process: Playwright refuses a second beside it."""
    with sync_playwright() as driver:
        yield driver
