"""A device of the tests: a tab, or several, of a page in a real browser."""

from __future__ import annotations

import random
from typing import Any

import edgefold_reducer as ef
from playwright.sync_api import Page

from ..bundles import DAY_MS, START_MS
from .browser import Chromium
from .site import Site

Event = dict[str, Any]

OPEN = """async ([sync, startMs, name, store]) => {
  const offset = startMs - Date.now()
  window.client = await edgefold.openClient({
    bundle: '/bundle/', name, store, clock: () => Date.now() + offset, ...(sync === null ? {} : { sync }),
  })
}"""
TRACK = """async (orders) => {
  const events = []
  for (const order of orders) events.push(await client.track('order', order))
  return events.map(({ type, time, seq, id }, i) => ({ type, time, seq, id, data: orders[i] }))
}"""
READ = """async () => {
  const { score, label, features, now, profile } = await client.score()
  const row = Object.entries(features).map(([name, value]) => [name, typeof value === 'number' ? String(value) : value])
  return { score, label, now, row, profile: edgefold.profileToJson(profile), replica: client.status().replica }
}"""


def open_tab(
    browser: Chromium,
    site: Site,
    token: str | None,
    *,
    start_ms: int = START_MS + 150 * DAY_MS,
    name: str = "edgefold",
    store: str = "indexeddb",
    before: str = "",
) -> Page:
    """Open the page in a new tab, with a client on it; its clock starts at ``start_ms``. ``before`` is a script that runs first."""
    page = browser.context.new_page()
    page.add_init_script(before)
    page.goto(f"{site.url}/")
    page.wait_for_function("window.edgefold !== undefined")
    page.evaluate(OPEN, [None if token is None else {"url": "/v1", "token": token}, start_ms, name, store])
    return page


def track(page: Page, orders: list[dict[str, Any]]) -> list[Event]:
    """Track orders one after the other; return the events as they were stored."""
    events: list[Event] = page.evaluate(TRACK, orders)
    return events


def sync_until_quiet(page: Page) -> None:
    """Sync until nothing is pending."""
    page.evaluate(
        "async () => { for (let i = 0; i < 20 && client.status().pending > 0; i++) await client.sync(); await client.sync() }"
    )
    status = page.evaluate("client.status()")
    assert status["pending"] == 0, status
    assert_counts(page)


def assert_counts(page: Page) -> None:
    """Assert that every tracked event is in one of the three states."""
    status = page.evaluate("client.status()")
    assert status["tracked"] == status["acknowledged"] + status["pending"] + status["rejected"], status


def orders(seed: int, count: int) -> list[dict[str, Any]]:
    """Return random orders."""
    random_ = random.Random(seed)
    made = []
    for _ in range(count):
        order: dict[str, Any] = {
            "amount": round(random_.uniform(1, 60), 2),
            "quantity": random_.randint(1, 4),
            "gift": random_.random() < 0.3,
            "genre": random_.choice(("rock", "jazz", "folk")),
        }
        if random_.random() < 0.5:
            order["coupon"] = random_.choice(("SPRING", "café", "VIP", "😀"))
        made.append(order)
    return made


def folded(spec: ef.Spec, logs: dict[str, list[Event]]) -> ef.Profile:
    """Return what Python's fold makes of all events, by replica."""
    profile = ef.empty_profile(spec)
    for replica, events in logs.items():
        profile = ef.merge(spec, profile, ef.fold(spec, events, replica=replica, unit="ms"))
    return profile


def assert_device_agrees(read: dict[str, Any], spec: ef.Spec, expected: ef.Profile, attributes: dict[str, Any]) -> None:
    """Assert that a device's profile bytes and features are those of Python's fold."""
    assert read["profile"].encode() == expected.to_json()
    row = ef.features(spec, expected, read["now"], attributes)
    got = [(name, float(value) if isinstance(row[name], float) else value) for name, value in read["row"]]
    assert [(name, repr(value)) for name, value in got] == [(name, repr(value)) for name, value in row.items()]
