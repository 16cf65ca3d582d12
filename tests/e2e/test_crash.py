"""Tabs that track as fast as they can, closed together or killed: what ``track`` resolved is there afterwards, once.

A round is drawn at random; EDGEFOLD_SEED and EDGEFOLD_COUNT (a round for each hundred) make a longer run.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_sync_api import tokens
from playwright.sync_api import Playwright

from ..bundles import Exported
from .browser import Chromium, chromium
from .device import Event, assert_counts, open_tab, sync_until_quiet
from .site import SECRET, Site, serving

SEED, ROUNDS = int(os.environ.get("EDGEFOLD_SEED", "1")), max(6, int(os.environ.get("EDGEFOLD_COUNT", "0")) // 100)
MAX_EVENTS = 300
"""Of each tab: fewer in all than a client keeps the rows of."""
EARLIER_EVENTS = 1_500
"""With them, the oldest rows are folded while the tabs are ended; of those rows the test knows the events."""

# A beacon outlives its page; one that is lost in a kill makes the check weaker, never wrong.
TRACK_FOREVER = """([tab, most]) => {
  const genres = ['rock', 'jazz', 'folk']
  const run = async () => {
    for (let i = 0; i < most; i++) {
      const order = { amount: i / 4, quantity: tab, gift: i % 5 === 0, genre: genres[i % 3], coupon: `${tab}` }
      const { seq, id } = await client.track('order', order)
      navigator.sendBeacon('/seen', JSON.stringify([seq, id, tab, i]))
    }
  }
  void run()
}"""
TRACK_EARLIER = """async ([tab, count]) => {
  const order = (i) => ({ amount: i / 4, quantity: tab, gift: false, genre: 'jazz', coupon: `${tab}` })
  return await Promise.all(Array.from({ length: count }, (_, i) => client.track('order', order(i))))
}"""
EARLIER_TAB = 9

Key = tuple[str, int, int]
"""An event's id, the number of the tab that tracked it, and its number there."""


def seen(site: Site) -> dict[int, Key]:
    """Return the events whose ``track`` a page has seen resolve, by seq."""
    found: dict[int, Key] = {}
    for _, path, body in list(site.requests):
        if path == "/seen":
            seq, *key = json.loads(body)
            event_id, tab, number = key
            assert found.setdefault(seq, (event_id, tab, number)) == (event_id, tab, number), f"seq {seq} came twice"
    return found


def key_of(event: Event) -> Key:
    return event["id"], event["data"]["quantity"], round(event["data"]["amount"] * 4)


def play(rng: random.Random, browser: Chromium, site: Site, token: str, store: str) -> list[Event]:
    """Let one to three tabs track, with a network that fails at random, and end them at some moment.

    Return the events that were there before.
    """
    site.lose_replies = rng.choice((0, 1, 2))
    site.api_down = rng.random() < 0.3
    site.api_delay_seconds = rng.choice((0, 0, 0.1, 0.5))
    tabs = [open_tab(browser, site, token, store=store) for _ in range(rng.randint(1, 3))]
    earlier: list[Event] = []
    if rng.random() < 0.4:
        earlier = tabs[0].evaluate(TRACK_EARLIER, [EARLIER_TAB, EARLIER_EVENTS])
    for number, tab in enumerate(tabs):
        tab.evaluate(TRACK_FOREVER, [number, MAX_EVENTS])
    time.sleep(rng.uniform(0, 1.5))
    if rng.random() < 0.5:
        for tab in tabs:
            tab.evaluate("void client.sync()")
        time.sleep(rng.uniform(0, 0.1 + 3 * site.api_delay_seconds))
    if rng.random() < 0.6:
        browser.kill()
    else:
        for tab in tabs:
            tab.close()
        browser.kill()
    return earlier


def check_round(
    rng: random.Random, playwright: Playwright, page: Path, bundle: Exported, folder: Path, store: str
) -> int:
    """Play one round; assert that nothing is lost or counted twice. Return how many events were seen to resolve."""
    spec, token = bundle.bundle.spec, tokens.issue_token(SECRET, "ann", hours=1)
    folder.mkdir()
    with serving(page, bundle.path, folder / "sync.db") as site:
        with chromium(playwright, folder / "browser") as browser:
            earlier = play(rng, browser, site, token, store)
        told = seen(site)
        resolved = told | {event["seq"]: key_of(event) for event in earlier}
        site.lose_replies, site.api_down, site.api_delay_seconds = 0, False, 0
        with chromium(playwright, folder / "browser") as browser:
            tab = open_tab(browser, site, token)
            held: dict[str, Any] = tab.evaluate("client.export()")
            compacted = held["head"]["compacted"]
            assert compacted <= len(earlier)
            events = earlier[:compacted] + held["events"]
            check_rows(events, resolved)
            assert_counts(tab)
            assert tab.evaluate("client.status().tracked") == len(events)
            sync_until_quiet(tab)
            assert tab.evaluate("client.status().acknowledged") == len(events)
        answer = site.app.test_client().get("/v1/profile/export", headers={"Authorization": f"Bearer {token}"})
        expected = ef.fold(spec, events, replica=held["head"]["replica"])
        assert ef.canonical_json(answer.get_json()["profile"]) == expected.to_json()
        return len(told)


def check_rows(events: list[Event], resolved: dict[int, Key]) -> None:
    """Assert that every resolved event is there as it was tracked, and each event of a tab once."""
    kept = {event["seq"]: key_of(event) for event in events}
    assert resolved.items() <= kept.items(), f"lost: {resolved.items() - kept.items()}"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "a seq is missing or there twice"
    numbers: dict[int, list[int]] = {}
    for _, tab, number in kept.values():
        numbers.setdefault(tab, []).append(number)
    for tab, found in numbers.items():
        assert found == list(range(len(found))), f"tab {tab} tracked {found}"


def test_nothing_that_track_resolved_is_lost_or_counted_twice(
    playwright: Playwright, page_folder: Path, trees: Exported, tmp_path: Path
) -> None:
    resolved = 0
    for number in range(ROUNDS):
        rng = random.Random(f"{SEED} {number}")
        resolved += check_round(rng, playwright, page_folder, trees, tmp_path / str(number), "indexeddb")
    assert resolved > 20 * ROUNDS, "the pages hardly tracked"


def test_the_check_sees_a_track_that_resolves_too_early(
    playwright: Playwright, page_folder: Path, trees: Exported, tmp_path: Path
) -> None:
    one_tab_with_earlier_events = random.Random(0)
    with pytest.raises(AssertionError, match="lost"):
        check_round(one_tab_with_earlier_events, playwright, page_folder, trees, tmp_path / "memory", "memory")


@pytest.mark.parametrize("fault", ["lost", "missing or there twice", "tab 0 tracked"])
def test_the_check_sees_rows_that_are_wrong(fault: str) -> None:
    rows = [{"seq": n + 1, "id": f"{n}", "data": {"quantity": 0, "amount": n / 4}} for n in range(4)]
    resolved = {1: ("0", 0, 0)}
    check_rows(rows, resolved)
    wrong = {
        "lost": rows[1:],
        "missing or there twice": [rows[0], rows[2]],
        "tab 0 tracked": [rows[0], rows[0] | {"seq": 2, "id": "1"}],
    }[fault]
    with pytest.raises(AssertionError, match=fault):
        check_rows(wrong, resolved)
