"""In a real Chromium: what the log on the device costs at 100, 10,000 and 100,000 stored events that no server has yet.

``track`` until it is durable and its share of the main thread, beside a bare IndexedDB transaction for each event; opening; and the sync of
all of them, beside posting the same events raw in as many requests.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from edgefold_sync_api import tokens
from playwright.sync_api import Page, sync_playwright

from ..bundles import linear_bundle
from ..e2e.browser import Chromium, chromium
from ..e2e.site import SECRET, Site, serving
from .page import HTML, ROOT, spread

STORED = (100, 10_000, 100_000)
TRACKS, LOADS, ROUNDS = 200, 5, 3


def load(browser: Chromium, site: Site, token: str) -> Page:
    tab = browser.context.new_page()
    tab.set_default_timeout(600_000)
    tab.goto(f"{site.url}/device_log.html?token={token}")
    tab.wait_for_function("window.openedMs !== undefined")
    return tab


def busy_ms(browser: Chromium, tab: Page, call: str) -> tuple[list[float], float]:
    """Run a call that is made ``TRACKS`` times; return the times of each, and the main thread's share of one."""
    session = browser.context.new_cdp_session(tab)
    session.send("Performance.enable")

    def tasks() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(1000 * each["value"] for each in metrics if each["name"] == "TaskDuration")

    before = tasks()
    taken: list[float] = tab.evaluate(f"{call}({TRACKS})")
    return taken, (tasks() - before) / TRACKS


def measure(browser: Chromium, site: Site, token: str, stored: int) -> dict[str, Any]:
    site.api_down = True
    tab = load(browser, site, token)
    tab.evaluate("(count) => fill(count)", stored)
    tab.close()
    opened = []
    for _ in range(LOADS):
        tab = load(browser, site, token)
        opened.append(tab.evaluate("openedMs"))
        tab.close()
    tab = load(browser, site, token)
    tab.evaluate("trackMany(20)")
    tab.evaluate("bareMany(20)")
    ours: list[tuple[list[float], float]] = []
    bare: list[tuple[list[float], float]] = []
    for _ in range(ROUNDS):
        ours.append(busy_ms(browser, tab, "trackMany"))
        bare.append(busy_ms(browser, tab, "bareMany"))
    site.requests.clear()
    site.api_down = False
    synced = tab.evaluate("syncAll()")
    requests = sum(path == "/v1/diffs" for _, path, _ in site.requests)
    raw_ms = tab.evaluate("(count) => postRaw(count)", stored)
    tab.close()
    return {
        "benchmark": "device log",
        "stored_events": stored,
        "opening_ms": round(median(opened), 1),
        "track_ms": spread([each for taken, _ in ours for each in taken]),
        "bare_ms": spread([each for taken, _ in bare for each in taken]),
        "track_main_thread_ms": round(median(share for _, share in ours), 2),
        "bare_main_thread_ms": round(median(share for _, share in bare), 2),
        "sync_ms": round(synced["takenMs"]),
        "sync_requests": requests,
        "longest_task_ms": round(synced["longestMs"]),
        "raw_ms": round(raw_ms),
    }


def main() -> None:
    """Print one line of JSON for each number of stored events."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        page, bundle = folder / "page", folder / "bundle"
        entry = str(ROOT / "tests/bench/device_log.ts")
        subprocess.run(["node", str(ROOT / "tests/e2e/page/build.mjs"), str(page), entry], cwd=ROOT, check=True)
        (page / "device_log.html").write_text(HTML.format(script="device_log"))
        linear_bundle(bundle)
        token = tokens.issue_token(SECRET, "ann", hours=1)
        for stored in STORED:
            with (
                serving(page, bundle, folder / f"{stored}.db") as site,
                chromium(playwright, folder / str(stored)) as browser,
            ):
                print(json.dumps(measure(browser, site, token, stored)), flush=True)


if __name__ == "__main__":
    main()
