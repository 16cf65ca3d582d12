"""The harness itself, in each engine: tabs, what they keep, how they end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from .engine.browser import Browser, running
from .engine.control import ScriptFailed, TabGone
from .engine.process import Engine
from .site import Site

KEEP = """async (value) => {
  const opening = indexedDB.open('kept', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore('rows')
  await new Promise((resolve, reject) => { opening.onsuccess = resolve; opening.onerror = reject })
  const transaction = opening.result.transaction('rows', 'readwrite', { durability: 'strict' })
  const rows = transaction.objectStore('rows')
  const before = rows.get('row')
  rows.put(value, 'row')
  await new Promise((resolve, reject) => { transaction.oncomplete = resolve; transaction.onabort = reject })
  opening.result.close()
  return before.result ?? null
}"""


@pytest.fixture
def user(engine: Engine, site: Site, tmp_path: Path) -> Iterator[Browser]:
    with running(engine, site.url, tmp_path / "profile") as browser:
        yield browser


def test_a_page_answers_and_tells(user: Browser) -> None:
    tab = user.open()
    assert tab.evaluate("async (given) => [given.n + 1, typeof edgefold.openClient]", {"n": 1}) == [2, "function"]
    with pytest.raises(ScriptFailed, match="TypeError"):
        tab.evaluate("() => null.nothing")
    assert tab.evaluate("() => 'x'.repeat(100000)") == "x" * 100_000
    tab.evaluate("() => note({ seen: 'é' })")
    assert {"seen": "é"} in user.control.notes


def test_what_is_stored_outlives_a_kill_and_is_shared_by_tabs(user: Browser) -> None:
    tabs = [user.open() for _ in range(2)]
    assert [tab.evaluate(KEEP, number) for number, tab in enumerate(tabs)] == [None, 0]
    user.kill()
    assert not tabs[0].answers()
    user.start()
    assert user.open().evaluate(KEEP, 2) == 1


def test_a_tab_is_left_closed_and_crashes(user: Browser) -> None:
    left, closed, crashed = (user.open() for _ in range(3))
    left.evaluate("() => { addEventListener('pagehide', () => localStorage.setItem('left', '1')) }")
    left.begin_leaving()
    left.arrive()
    assert left.evaluate("() => localStorage.getItem('left')") == "1"
    closed.begin_closing()
    closed.wait_gone()
    with pytest.raises(TabGone):
        closed.evaluate("() => 0")
    user.crash(random.Random(1))
    assert not (left.answers() and crashed.answers())
    assert user.open().evaluate("() => 1") == 1
