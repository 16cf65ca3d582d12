"""A page that is left, in each engine: what it tracks as it goes is kept, its last sync arrives, and the next page opens."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .engine.browser import Browser, Tab, running
from .engine.process import Engine
from .matrix.network import Network
from .matrix.scenario import Keys
from .matrix.shop import OLD, Shop, opening_of, shop

TIMES = 12
ARRIVE_SECONDS = 60
"""Generous: a request of a page that has gone may be late."""


@pytest.fixture
def served(page_folder: Path, tmp_path: Path) -> Iterator[Shop]:
    with shop(page_folder, tmp_path) as site:
        yield site


@pytest.fixture
def user(engine: Engine, served: Shop, tmp_path: Path) -> Iterator[Browser]:
    with running(engine, served.site.url, tmp_path / "profile") as browser:
        yield browser


def open_client(tab: Tab, store: str = "indexeddb") -> None:
    tab.evaluate("device.open", opening_of("ann", OLD, store))


@pytest.mark.parametrize("is_offline", [False, True], ids=["online", "offline"])
def test_what_is_tracked_while_the_page_is_left_is_counted_once(is_offline: bool, user: Browser, served: Shop) -> None:
    app = served.site.app
    network = Network(app.wsgi_app, random.Random(1), 1)
    app.wsgi_app = network  # type: ignore[method-assign]  # how Flask documents a middleware
    network.fault = "offline" if is_offline else "well"
    keys, tab, tracked = Keys(), user.open(), []
    for _ in range(TIMES):
        open_client(tab)  # after the first time: of a page that the one before has left events to
        gone, hidden = keys.take(2), keys.take(1)
        tracked += gone + hidden
        tab.evaluate("device.trackOnLeaving", {"gone": gone, "hidden": hidden})
        tab.begin_leaving()
        tab.arrive()
    open_client(tab)
    network.fault = "well"
    assert tab.evaluate("device.drain", {"forMs": 60_000})["pending"] == 0
    expected = dict.fromkeys(tracked, 1.0)
    for counts in (tab.evaluate("device.counts"), served.counts_of("ann", OLD)):
        assert {key: count for key, count in counts.items() if count > 0} == expected


def test_what_was_tracked_before_the_page_is_left_reaches_the_server(user: Browser, served: Shop) -> None:
    keys = Keys()
    tracked = keys.take(TIMES)
    tab = user.open()
    for key in tracked:
        open_client(tab)
        tab.evaluate("device.sync")
        tab.evaluate("device.track", {"keys": [key], "gapMs": 0})
        tab.evaluate("device.waitSealed")
        tab.begin_leaving()
        tab.arrive()
        deadline = time.monotonic() + ARRIVE_SECONDS
        while served.counts_of("ann", OLD)[key] == 0:
            assert time.monotonic() < deadline, f"{key} did not reach the server in {ARRIVE_SECONDS} s"
            time.sleep(0.05)
    assert {served.counts_of("ann", OLD)[key] for key in tracked} == {1.0}
