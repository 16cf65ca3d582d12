"""What the end-to-end tests share: a built page, two real bundles, a browser's driver."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from ..bundles import Exported, linear_bundle, tree_bundle
from .browser import Chromium, chromium, executable
from .engine.process import Engine, engines
from .site import Site, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' page, built of the client's sources."""
    folder = tmp_path_factory.mktemp("page")
    subprocess.run(["node", str(ROOT / "tests/e2e/page/build.mjs"), str(folder)], cwd=ROOT, check=True, timeout=600)
    return folder


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return tree_bundle(tmp_path_factory.mktemp("trees") / "bundle")


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return linear_bundle(tmp_path_factory.mktemp("linear") / "bundle")


@pytest.fixture
def site(page_folder: Path, trees: Exported, tmp_path: Path) -> Iterator[Site]:
    """The page and the API, with the bundle of trees."""
    with serving(page_folder, trees.path, tmp_path / "sync.db") as served:
        yield served


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[Chromium]:
    """A browser of a user that was never here."""
    with chromium(playwright, tmp_path / "browser") as running:
        yield running


@pytest.fixture(scope="session")
def found_engines(playwright: Playwright) -> Iterator[dict[str, Engine]]:
    """The engines of this machine, by name."""
    with engines(executable(playwright)) as found:
        yield found


@pytest.fixture(params=["chromium", "firefox", "webkitgtk"])
def engine(request: pytest.FixtureRequest, found_engines: dict[str, Engine]) -> Engine:
    """Each engine; a test in one that is not here is skipped."""
    found = found_engines[request.param]
    if found.lacks is not None:
        pytest.skip(found.lacks)
    return found
