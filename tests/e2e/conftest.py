"""What the end-to-end tests share: a built page, two real bundles, a browser's driver."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from ..bundles import Exported, linear_bundle, tree_bundle

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' page, built of the client's sources."""
    folder = tmp_path_factory.mktemp("page")
    subprocess.run(["node", str(ROOT / "tests/e2e/page/build.mjs"), str(folder)], cwd=ROOT, check=True, timeout=120)
    return folder


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return tree_bundle(tmp_path_factory.mktemp("trees") / "bundle")


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return linear_bundle(tmp_path_factory.mktemp("linear") / "bundle")
