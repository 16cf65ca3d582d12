"""Tabs on each store of a real browser: they share a replica, hear each other's triggers, and fall back where one is refused."""

from __future__ import annotations

from typing import Any

from ..bundles import Exported
from .browser import Chromium
from .device import READ, assert_counts, assert_device_agrees, folded, open_tab
from .site import Site

TOGETHER = """async ([tab, count]) => {
  const order = (i) => ({ amount: i, quantity: tab, gift: false, genre: 'jazz', coupon: `${tab}` })
  const events = await Promise.all(Array.from({ length: count }, (_, i) => client.track('order', order(i))))
  return events.map(({ type, time, seq, id, data }) => ({ type, time, seq, id, data }))
}"""


def test_tabs_that_track_at_once_lose_nothing_and_agree(browser: Chromium, site: Site, trees: Exported) -> None:
    spec = trees.bundle.spec
    tabs = [open_tab(browser, site, None) for _ in range(3)]
    assert {tab.evaluate("client.status().store.kind") for tab in tabs} == {"indexeddb"}
    assert len({tab.evaluate("client.status().replica") for tab in tabs}) == 1
    for number, tab in enumerate(tabs):  # begun in all before any is awaited
        tab.evaluate(f"(given) => {{ window.events = ({TOGETHER})(given) }}", [number, 100])
    events: list[dict[str, Any]] = [event for tab in tabs for event in tab.evaluate("events")]
    assert len({event["id"] for event in events}) == 300
    assert sorted(event["seq"] for event in events) == list(range(1, 301))
    expected = folded(spec, {tabs[0].evaluate("client.status().replica"): events})
    for tab in tabs:
        assert_device_agrees(tab.evaluate(READ), spec, expected, {})
        assert_counts(tab)
        tab.close()
    check_kept(browser, site, trees, "indexeddb", events)


def test_localstorage_serves_one_tab_and_the_others_say_what_they_may_lose(
    browser: Chromium, site: Site, trees: Exported
) -> None:
    tabs = [open_tab(browser, site, None, store="localstorage") for _ in range(3)]
    stores = [tab.evaluate("client.status().store") for tab in tabs]
    assert [store["kind"] for store in stores] == ["localstorage", "memory", "memory"]
    assert ["seconds" in stores[0]["mayLose"], *("everything" in store["mayLose"] for store in stores[1:])] == [
        True
    ] * 3
    events: list[dict[str, Any]] = tabs[0].evaluate(TOGETHER, [0, 100])
    for tab in tabs[1:]:
        tab.evaluate(TOGETHER, [1, 10])
        assert_counts(tab)
    for tab in tabs:
        tab.close()
    check_kept(browser, site, trees, "localstorage", events)


def check_kept(browser: Chromium, site: Site, trees: Exported, store: str, events: list[dict[str, Any]]) -> None:
    """Assert that the next tab has these events and no others, each once."""
    again = open_tab(browser, site, None, store=store)
    assert again.evaluate("client.status().store.kind") == store
    held = again.evaluate("client.export()")
    assert {event["id"] for event in held["events"]} == {event["id"] for event in events}, "an event was lost"
    assert [event["seq"] for event in held["events"]] == list(range(1, len(events) + 1))
    expected = folded(trees.bundle.spec, {held["head"]["replica"]: held["events"]})
    assert_device_agrees(again.evaluate(READ), trees.bundle.spec, expected, {})
    assert_counts(again)
    assert again.evaluate("client.status().tracked") == len(events)


def test_a_trigger_scores_again_in_every_tab_and_counts_the_event(browser: Chromium, site: Site) -> None:
    tabs = [open_tab(browser, site, None) for _ in range(3)]
    for tab in tabs:
        tab.evaluate("() => { window.scores = []; client.on('score', (found) => scores.push(found.features.orders)) }")
    tabs[0].evaluate(TOGETHER, [0, 1])
    for tab in tabs:
        tab.wait_for_function("scores.includes(1)")


def test_where_indexeddb_is_refused_the_next_store_is_taken_and_told(browser: Chromium, site: Site) -> None:
    without = "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('no', 'SecurityError') } })"
    neither = f"{without}; Object.defineProperty(window, 'localStorage', {{ get() {{ throw new DOMException('no', 'SecurityError') }} }})"
    for script, kind in ((without, "localstorage"), (neither, "memory")):
        page = open_tab(browser, site, None, before=script)
        status = page.evaluate("client.status()")
        assert status["store"]["kind"] == kind
        assert status["store"]["mayLose"]
        assert page.evaluate("client.status().errors.length") >= 1
        page.evaluate(TOGETHER, [0, 3])
        assert page.evaluate("async () => (await client.score()).features.orders") == 3
        page.close()
