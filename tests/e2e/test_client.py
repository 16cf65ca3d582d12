"""The client in a real page: two people on one device, no WebAssembly, a page that does things wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from edgefold_sync_api import tokens
from playwright.sync_api import Page, Playwright

from ..bundles import Exported
from .browser import Chromium, chromium
from .device import orders, track
from .site import SECRET, Site, serving

OPEN = """async ([tokens, options]) => {
  const sync = tokens && { url: '/v1', token: (subject) => tokens[subject ?? 'nobody'] ?? Promise.reject(new Error('signed out')) }
  window.client = await edgefold.openClient({ bundle: '/bundle/', ...(sync ? { sync } : {}), ...options })
}"""
SCORED = "async () => { const { features } = await client.score(); return features.orders }"
NO_WEBASSEMBLY = """
WebAssembly.instantiate = WebAssembly.instantiateStreaming = () => Promise.reject(new RangeError('Out of memory'))
"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(playwright, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def site(page_folder: Path, trees: Exported, tmp_path: Path) -> Iterator[Site]:
    with serving(page_folder, trees.path, tmp_path / "sync.db") as served:
        yield served


def open_page(
    browser: Chromium,
    site: Site,
    users: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    before: str = "",
) -> Page:
    page = browser.context.new_page()
    page.add_init_script(before)
    page.goto(f"{site.url}/")
    page.wait_for_function("window.edgefold !== undefined")
    page.evaluate(OPEN, [users, options or {}])
    return page


def stored_orders(site: Site, token: str) -> int:
    """Return how many events the server has of the token's subject."""
    export = site.app.test_client().get("/v1/profile/export", headers={"Authorization": f"Bearer {token}"}).get_json()
    return sum(contribution["acked"] for contribution in export["contributions"].values())


def test_two_people_on_one_device_never_meet(browser: Chromium, site: Site) -> None:
    users = {name: tokens.issue_token(SECRET, name, 1) for name in ("ann", "bob")}
    page = open_page(browser, site, users, {"name": "shared"})
    track(page, orders(1, 1))
    page.evaluate("client.identify('ann', { adopt: true })")
    track(page, orders(2, 2))
    # Not awaited: what follows belongs to bob all the same.
    page.evaluate("() => { void client.identify('bob') }")
    track(page, orders(3, 4))
    assert page.evaluate("client.sync().then(({ outcome }) => outcome)") == "synced"
    assert page.evaluate(SCORED) == 4
    page.evaluate("client.identify('ann')")
    assert page.evaluate("client.sync().then(({ outcome }) => outcome)") == "synced"
    assert page.evaluate(SCORED) == 3
    assert (stored_orders(site, users["ann"]), stored_orders(site, users["bob"])) == (3, 4)
    page.close()

    site.api_down = True
    again = open_page(browser, site, users, {"name": "shared"})
    assert again.evaluate(SCORED) == 3
    again.evaluate("client.reset()")
    assert again.evaluate(SCORED) == 0
    again.close()


def test_a_page_without_webassembly_tracks_and_syncs_and_only_scores_reject(browser: Chromium, site: Site) -> None:
    token = tokens.issue_token(SECRET, "cleo", 1)
    page = open_page(browser, site, {"cleo": token}, {"name": "no-wasm", "subject": "cleo"}, NO_WEBASSEMBLY)
    track(page, orders(4, 3))
    assert page.evaluate("client.sync().then(({ outcome }) => outcome)") == "synced"
    assert stored_orders(site, token) == 3
    assert page.evaluate("client.score().then(() => 'scored', (error) => error.name)") == "RuntimeNotLoaded"
    assert set(page.evaluate("client.status().errors.map((error) => error.name)")) == {"RuntimeNotLoaded"}
    page.close()


def test_what_a_page_does_wrong_is_one_sentence_in_the_console_and_no_error_of_the_page(
    browser: Chromium, site: Site
) -> None:
    page = open_page(browser, site, None, {"name": "careless"})
    thrown: list[str] = []
    written: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("console", lambda message: written.append(message.text) if message.type == "error" else None)
    page.evaluate(
        """async () => {
          for (let i = 0; i < 4; i++) client.track('order', { amount: 'x' })
          const channel = new BroadcastChannel('careless')
          for (const message of [null, 'logout', { type: 'x' }, ['order']]) channel.postMessage(message)
          client.on('status', () => { throw new RangeError('mine') })
          await client.track('order', { amount: 1, quantity: 1, gift: false, genre: 'jazz' })
          await new Promise((resolve) => setTimeout(resolve, 500))
        }"""
    )
    assert thrown == []
    assert [text.split(":")[1].strip() for text in written] == [
        "InvalidEvent",
        "a listener of 'status' threw RangeError",
    ]
    assert page.evaluate("client.status().tracked") == 5
    page.close()


@pytest.mark.parametrize("store", ["indexedDB", "local_storage"])
def test_a_misspelt_store_is_refused_with_the_near_name(store: str, browser: Chromium, site: Site) -> None:
    page = open_page(browser, site, None, {"name": "spelt"})
    said = page.evaluate(
        "(store) => edgefold.openClient({ bundle: '/bundle/', store }).then(() => '', (error) => error.message)", store
    )
    assert f"did you mean '{store.replace('_', '').lower()}'?" in said
    page.close()
