"""In a real Chromium: from navigation to the first score, and from ``track`` to the new score, at 100 and at 10,000 stored events.

Beside them what one would pick instead: the same model by onnxruntime-web alone, which knows no events; and asking a server on the same machine
for each score, so with no distance at all.
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

from ..bundles import tree_bundle
from ..e2e.browser import Chromium, chromium
from ..e2e.site import SECRET, Site, serving

ROOT = Path(__file__).resolve().parents[2]
STORED = (100, 10_000)
LOADS, TRACKS = 7, 200
HTML = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/{script}.js"></script>'

FILL = """async (count) => {
  const order = { amount: 19.99, quantity: 1, gift: false, genre: 'jazz' }
  for (let done = 0; done < count; done += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - done) }, () => client.track('order', order)))
  }
}"""
TRACK_TO_SCORE = """async (count) => {
  const order = { amount: 19.99, quantity: 1, gift: false, genre: 'jazz' }
  const taken = []
  for (let i = 0; i < count; i++) {
    const scored = new Promise((resolve) => { const off = client.on('score', () => { off(); resolve() }) })
    const started = performance.now()
    const tracked = client.track('order', order)
    await scored
    taken.push(performance.now() - started)
    await tracked
  }
  return taken
}"""
ASK = """async ([token, count]) => {
  const taken = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    const answer = await fetch('/v1/score', {
      method: 'POST', body: '{}', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    await answer.json()
    if (!answer.ok) throw new Error(`${answer.status}`)
    taken.push(performance.now() - started)
  }
  return taken
}"""


def load(browser: Chromium, site: Site, page: str) -> tuple[float, Page]:
    """Load a page; return its first score in ms since navigation, and the tab."""
    tab = browser.context.new_page()
    tab.goto(f"{site.url}/{page}.html")
    tab.wait_for_function("window.firstScoreMs !== undefined")
    return tab.evaluate("firstScoreMs"), tab


def loads(browser: Chromium, site: Site, page: str) -> float:
    """Return the median of some loads, after one that fills the browser's caches."""
    found = []
    for _ in range(LOADS + 1):
        taken, tab = load(browser, site, page)
        found.append(taken)
        tab.close()
    return median(found[1:])


def spread(taken: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile."""
    return {"median": round(median(taken), 2), "p99": round(sorted(taken)[int(len(taken) * 0.99) - 1], 2)}


def main() -> None:
    """Print one line of JSON for each number of stored events."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        page, bundle = folder / "page", folder / "bundle"
        entries = [str(ROOT / "tests/bench" / f"{name}.ts") for name in ("first_score", "runtime_alone")]
        subprocess.run(["node", str(ROOT / "tests/e2e/page/build.mjs"), str(page), *entries], cwd=ROOT, check=True)
        for script in ("first_score", "runtime_alone"):
            (page / f"{script}.html").write_text(HTML.format(script=script))
        tree_bundle(bundle)
        token = tokens.issue_token(SECRET, "ann", hours=1)
        for stored in STORED:
            with (
                serving(page, bundle, folder / f"{stored}.db") as site,
                chromium(playwright, folder / str(stored)) as browser,
            ):
                figures: dict[str, Any] = {"benchmark": "page", "stored_events": stored}
                _, tab = load(browser, site, "first_score")
                tab.evaluate(FILL, stored)
                tab.close()
                figures["first_score_ms"] = round(loads(browser, site, "first_score"), 1)
                figures["runtime_alone_ms"] = round(loads(browser, site, "runtime_alone"), 1)
                figures["ratio_of_loads"] = round(figures["first_score_ms"] / figures["runtime_alone_ms"], 2)
                _, tab = load(browser, site, "first_score")
                tab.evaluate(TRACK_TO_SCORE, 20)
                figures["track_to_score_ms"] = spread(tab.evaluate(TRACK_TO_SCORE, TRACKS))
                figures["asking_a_server_ms"] = spread(tab.evaluate(ASK, [token, TRACKS]))
                figures["ratio_to_asking"] = round(
                    figures["track_to_score_ms"]["median"] / figures["asking_a_server_ms"]["median"], 2
                )
                print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
