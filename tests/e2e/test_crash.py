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
from .device import assert_counts, open_tab, sync_until_quiet
from .site import SECRET, Site, serving

SEED, ROUNDS = int(os.environ.get("EDGEFOLD_SEED", "1")), max(6, int(os.environ.get("EDGEFOLD_COUNT", "0")) // 100)
MAX_EVENTS = 300
"""Of each tab: fewer in all than a client keeps the rows of."""

# A beacon outlives its page; one that is lost in a kill makes the check weaker, never wrong.
TRACK_FOREVER = """([tab, most]) => {
  const genres = ['rock', 'jazz', 'folk']
  const run = async () => {
    for (let i = 0; i < most; i++) {
      const order = { amount: i / 4, quantity: tab, gift: i % 5 === 0, genre: genres[i % 3], coupon: `${tab}` }
      const { seq, id } = await client.track('order', order)
      navigator.sendBeacon('/seen', JSON.stringify([seq, id]))
    }
  }
  void run()
}"""


def seen(site: Site) -> dict[int, str]:
    """Return the events whose ``track`` a page has seen resolve, by seq."""
    found: dict[int, str] = {}
    for _, path, body in list(site.requests):
        if path == "/seen":
            seq, event_id = json.loads(body)
            assert found.setdefault(seq, event_id) == event_id, f"two events were given seq {seq}"
    return found


def play(rng: random.Random, browser: Chromium, site: Site, token: str, store: str) -> None:
    """Let one to three tabs track, with a network that fails at random, and end them at some moment."""
    site.lose_replies = rng.choice((0, 1, 2))
    site.api_down = rng.random() < 0.3
    tabs = [open_tab(browser, site, token, store=store) for _ in range(rng.randint(1, 3))]
    for number, tab in enumerate(tabs):
        tab.evaluate(TRACK_FOREVER, [number, MAX_EVENTS])
    time.sleep(rng.uniform(0.05, 1.5))
    if rng.random() < 0.5:
        for tab in tabs:
            tab.evaluate("void client.sync()")
        time.sleep(rng.uniform(0, 0.1))
    if rng.random() < 0.6:
        browser.kill()
    else:
        for tab in tabs:
            tab.close()
        browser.kill()


def check_round(
    rng: random.Random, playwright: Playwright, page: Path, bundle: Exported, folder: Path, store: str
) -> int:
    """Play one round; assert that nothing is lost or counted twice. Return how many events were seen to resolve."""
    spec, token = bundle.bundle.spec, tokens.issue_token(SECRET, "ann", hours=1)
    (folder / "browser").mkdir(parents=True)
    with serving(page, bundle.path, folder / "sync.db") as site:
        with chromium(playwright, folder / "browser") as browser:
            play(rng, browser, site, token, store)
        resolved = seen(site)
        site.lose_replies, site.api_down = 0, False
        with chromium(playwright, folder / "browser") as browser:
            tab = open_tab(browser, site, token)
            held: dict[str, Any] = tab.evaluate("client.export()")
            events = held["events"]
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), (
                "a seq is missing or there twice"
            )
            kept = {event["seq"]: event["id"] for event in events}
            assert resolved.items() <= kept.items(), f"lost: {resolved.items() - kept.items()}"
            assert_counts(tab)
            sync_until_quiet(tab)
            assert tab.evaluate("client.status().acknowledged") == len(events)
        answer = site.app.test_client().get("/v1/profile/export", headers={"Authorization": f"Bearer {token}"})
        expected = ef.fold(spec, events, replica=held["head"]["replica"])
        assert ef.canonical_json(answer.get_json()["profile"]) == expected.to_json()
        return len(resolved)


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
    with pytest.raises(AssertionError, match="lost"):
        check_round(random.Random(SEED), playwright, page_folder, trees, tmp_path / "memory", "memory")
