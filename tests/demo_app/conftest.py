"""The demo, built once for these tests on a few customers, and its page in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edgefold_demo_app.build import build_bundle, database_url, load_histories, secret_of
from edgefold_demo_app.customers import STORIES, customers
from edgefold_demo_app.page import build_page
from edgefold_demo_app.site import create_site
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from threadpoolctl import threadpool_limits

from ..conftest import BROWSER_LIMIT_MS
from ..e2e.browser import FLAGS, executable
from .devices import Deck, Shop
from .shop import all_orders, some_orders


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    with threadpool_limits(1):  # threads that wait for a core beside other tests cost more than they bring
        build_bundle(some_orders(), folder, print)
    build_page(folder / "page")
    return folder


@pytest.fixture(scope="module")
def site(output: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The site with a database of its own for each module, since some change it."""
    orders, data = all_orders(), tmp_path_factory.mktemp("data")
    app = create_site(output, customers(orders), secret_of(output), database_url(data))
    load_histories(orders[orders["subject"].isin(STORIES)], app, data, print)
    return app


@pytest.fixture
def browser(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def shop(site: Flask) -> Iterator[Shop]:
    served = Shop(site)
    yield served
    served.stop()


@pytest.fixture(scope="module")
def context(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    profile = tmp_path_factory.mktemp("browser")
    flags = [flag for flag in FLAGS if flag != "--headless"]
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=executable(playwright), args=flags, headless=True, timeout=BROWSER_LIMIT_MS
    )
    context.set_default_timeout(BROWSER_LIMIT_MS)
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext, shop: Shop) -> Iterator[Callable[..., Page]]:
    """Open the page for a customer; ``before`` is a script that runs first. An error of the page fails the test."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    def opened(subject: str, before: str = "") -> Page:
        page.add_init_script(before)
        page.goto(shop.address)
        page.locator(f"input[value='{subject}']").check()
        for name in ("Phone", "Laptop"):  # of this customer: the page shows another's until they are open
            expect(Deck(page, name, subject).chance).to_contain_text("%")
        return page

    yield opened
    page.close()
    assert problems == []
