"""The demo, built once for these tests on a few customers."""

from __future__ import annotations

from pathlib import Path

import pytest
from edgefold_demo_app.build import build_bundle, database_url, load_histories, secret_of
from edgefold_demo_app.customers import STORIES, customers
from edgefold_demo_app.page import build_page
from edgefold_demo_app.site import create_site
from flask import Flask
from flask.testing import FlaskClient
from threadpoolctl import threadpool_limits

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
