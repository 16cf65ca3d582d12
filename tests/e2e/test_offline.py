"""After the first visit the page loads, tracks and scores with no server; and in local-only mode it asks none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgefold_sync_api import tokens
from playwright.sync_api import Playwright

from ..bundles import Exported
from .browser import Chromium, chromium
from .device import READ, assert_device_agrees, folded, open_tab, orders, sync_until_quiet, track
from .site import SECRET, Site, serving

REGISTER = "async () => { await registerOffline('/worker.js'); await navigator.serviceWorker.ready }"


def test_the_page_loads_and_scores_with_the_server_gone(
    trees: Exported, playwright: Playwright, page_folder: Path, tmp_path: Path
) -> None:
    token = tokens.issue_token(SECRET, "ann", hours=1)
    logs: dict[str, list[dict[str, Any]]] = {}
    with chromium(playwright, tmp_path / "browser") as browser:
        with serving(page_folder, trees.path, tmp_path / "sync.db") as site:
            page = open_tab(browser, site, token)
            page.evaluate(REGISTER)
            replica = page.evaluate("client.status().replica")
            logs[replica] = track(page, orders(1, 3))
            sync_until_quiet(page)
            page.close()
        page = open_tab(browser, site, token)  # the server is gone
        logs[replica] += track(page, orders(2, 3))
        read = page.evaluate(READ)
        assert read["replica"] == replica
        assert_device_agrees(read, trees.bundle.spec, folded(trees.bundle.spec, logs), {})
        port = int(site.url.rpartition(":")[2])
        with serving(page_folder, trees.path, tmp_path / "sync.db", port) as site:
            sync_until_quiet(page)
            assert page.evaluate("client.status().acknowledged") == 6


def test_local_only_makes_no_request_after_the_bundle(browser: Chromium, site: Site, trees: Exported) -> None:
    page = open_tab(browser, site, None)
    page.evaluate("client.score()")  # the model is opened behind the log
    before = len(site.requests)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    events = track(page, orders(1, 20))
    read = page.evaluate(READ)
    page.evaluate("client.sync().catch(() => undefined)")
    page.wait_for_timeout(1_500)
    assert (asked, site.requests[before:]) == ([], [])
    assert not any(path.startswith("/v1") for _, path, _ in site.requests)
    assert_device_agrees(read, trees.bundle.spec, folded(trees.bundle.spec, {read["replica"]: events}), {})


def test_no_value_leaves_the_page_but_as_a_declared_aggregate(browser: Chromium, site: Site) -> None:
    """No feature reads the quantity; of the times, only the last event's is in the profile."""
    token = tokens.issue_token(SECRET, "ann", hours=1)
    page = open_tab(browser, site, token)
    planted = [
        {"amount": 1234567.89, "quantity": 987654321, "gift": False, "genre": "rock"},
        {"amount": 7654321.98, "quantity": 123456798, "gift": True, "genre": "jazz"},
    ]
    events = track(page, planted)
    page.evaluate("client.score()")
    sync_until_quiet(page)
    sent = b"".join(path.encode() + body for _, path, body in site.requests)
    assert b"delta" in sent
    assert b"765432198" in sent, "the total by genre is declared"
    for secret in ("987654321", "123456798", str(events[0]["time"])):
        assert secret.encode() not in sent, f"{secret} left the page"
