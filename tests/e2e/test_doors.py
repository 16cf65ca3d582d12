"""Wrong input at each door of a real page: a typed error, nothing lost, and the page still scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from edgefold_sync_api import tokens
from playwright.sync_api import Page, Playwright

from ..bundles import Exported
from .browser import Chromium, chromium
from .device import assert_counts, open_tab, orders, sync_until_quiet, track
from .site import SECRET, Site, serving

ATTEMPT = """async ([type, data]) => {
  try { await client.track(type, data); return null } catch (error) {
    return { name: error.name, field: error.field, message: error.message }
  }
}"""
ATTEMPT_NAN = "async () => client.track('order', { amount: NaN, quantity: 1, gift: false, genre: 'jazz' }).catch((e) => `${e.name} ${e.field}`)"
GOOD = {"amount": 1, "quantity": 1, "gift": False, "genre": "jazz"}


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(playwright, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def site(page_folder: Path, trees: Exported, tmp_path: Path) -> Iterator[Site]:
    bundle = Path(shutil.copytree(trees.path, tmp_path / "bundle"))
    with serving(page_folder, bundle, tmp_path / "sync.db") as served:
        yield served


def token_of(subject: str, hours: float = 1, secret: str = SECRET) -> str:
    return tokens.issue_token(secret, subject, hours)


def scores(page: Page) -> bool:
    return 0 < page.evaluate("async () => (await client.score()).score") < 1


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("click", {}, "type"),
        ("order", GOOD | {"colour": "red"}, "colour"),
        ("order", GOOD | {"amount": "19.99"}, "amount"),
        ("order", GOOD | {"genre": "polka"}, "genre"),
        ("order", GOOD | {"quantity": 1.5}, "quantity"),
        ("order", GOOD | {"coupon": "x" * 21}, "coupon"),
        ("order", {"amount": 1}, "genre"),
    ],
)
def test_a_wrong_event_is_refused_by_its_field_and_counted(
    kind: str, data: dict[str, Any], field: str, browser: Chromium, site: Site
) -> None:
    page = open_tab(browser, site, None, name=f"{site.url} event")
    track(page, orders(1, 2))
    refused = page.evaluate(ATTEMPT, [kind, data])
    assert (refused["name"], refused["field"]) == ("InvalidEvent", field)
    assert page.evaluate(ATTEMPT_NAN) == "InvalidEvent amount"
    status = page.evaluate("client.status()")
    assert (status["tracked"], status["pending"], status["rejected"]) == (4, 2, 2)
    assert scores(page)
    page.close()


@pytest.mark.parametrize("file", ["manifest.json", "model.onnx", "reducer.json", "vectors.json"])
def test_a_bundle_with_one_byte_changed_never_scores_and_the_log_opens(
    file: str, browser: Chromium, site: Site, tmp_path: Path
) -> None:
    path = tmp_path / "bundle" / file
    content = bytearray(path.read_bytes())
    if file == "manifest.json":
        content[content.index(b'"sha256":"') + 12] ^= 1
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    page = open_tab(browser, site, None, name=f"{site.url} {file}")
    assert page.evaluate("client.score().then(() => 'scored', (error) => error.name)") == "InvalidBundle"
    assert "InvalidBundle" in page.evaluate("client.status().errors.map((error) => error.name)")
    track(page, orders(8, 2))
    assert page.evaluate("client.status().pending") == 2
    page.close()


def test_a_bad_new_version_leaves_the_last_good_one_scoring(browser: Chromium, site: Site, tmp_path: Path) -> None:
    good = open_tab(browser, site, None, name=f"{site.url} good")
    assert scores(good)  # a bundle that scores is kept
    good.close()
    path = tmp_path / "bundle" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2').replace(b'"bytes":', b'"bytes":1', 1))
    page = open_tab(browser, site, None, name=f"{site.url} good")
    assert scores(page)
    assert page.evaluate("client.status().errors.map((error) => error.name)") == ["InvalidBundle"]
    page.close()


@pytest.mark.parametrize(
    "token",
    ["nonsense", token_of("ann", hours=-1), token_of("ann", secret="another secret, also of over 32 bytes")],
    ids=["no token", "an expired one", "of another server"],
)
def test_a_refused_token_keeps_every_event_until_a_good_one_comes(token: str, browser: Chromium, site: Site) -> None:
    name = f"{site.url} token"
    page = open_tab(browser, site, token, name=name)
    track(page, orders(3, 4))
    report = page.evaluate(
        "async () => { const { outcome, error } = await client.sync(); return [outcome, error?.problem ?? error?.name] }"
    )
    assert report[0] != "synced" and "InvalidToken" in str(report[1])
    assert page.evaluate("client.status().pending") == 4
    assert_counts(page)
    assert scores(page)
    page.close()
    again = open_tab(browser, site, token_of("ann"), name=name)
    sync_until_quiet(again)
    assert again.evaluate("client.status().acknowledged") == 4
    again.close()


def test_anothers_token_never_shows_or_changes_a_profile(browser: Chromium, site: Site) -> None:
    page = open_tab(browser, site, token_of("ann"), name=f"{site.url} ann")
    track(page, orders(4, 3))
    sync_until_quiet(page)
    ask = {"Authorization": f"Bearer {token_of('bob')}"}
    client = site.app.test_client()
    replica = page.evaluate("client.status().replica")
    seen = client.get(f"/v1/profile?replica={replica}", headers=ask).get_json()
    assert (seen["acked"], seen["others"]["state"]) == (0, {})
    client.delete("/v1/profile", headers=ask)
    mine = client.get("/v1/profile/export", headers={"Authorization": f"Bearer {token_of('ann')}"}).get_json()
    assert mine["contributions"][replica]["acked"] == 3
    page.close()


def test_a_body_of_ten_megabytes_is_refused_and_changes_nothing(browser: Chromium, site: Site) -> None:
    page = open_tab(browser, site, token_of("ann"), name=f"{site.url} large")
    track(page, orders(5, 2))
    sync_until_quiet(page)
    ask = {"Authorization": f"Bearer {token_of('ann')}"}
    before = site.app.test_client().get("/v1/profile/export", headers=ask).get_json()
    answer = page.evaluate(
        """async (token) => {
          const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
          const answer = await fetch('/v1/diffs', { method: 'POST', headers, body: JSON.stringify({ ids: ['x'.repeat(10_000_000)] }) })
          return [answer.status, answer.headers.get('content-type'), await answer.json()]
        }""",
        token_of("ann"),
    )
    assert answer[:2] == [413, "application/problem+json"] and answer[2]["name"] == "BodyTooLarge"
    assert site.app.test_client().get("/v1/profile/export", headers=ask).get_json() == before
    track(page, orders(6, 1))
    sync_until_quiet(page)
    page.close()


def test_a_damaged_answer_is_reported_and_loses_nothing(browser: Chromium, site: Site) -> None:
    page = open_tab(browser, site, token_of("ann"), name=f"{site.url} answer")
    page.route(
        "**/v1/diffs", lambda route: route.fulfill(status=200, body=json.dumps({"outcome": "applied", "acked": 99}))
    )
    track(page, orders(7, 3))
    page.evaluate("client.sync()")
    assert page.evaluate("client.status().acknowledged") == 0
    page.unroute("**/v1/diffs")
    sync_until_quiet(page)
    assert page.evaluate("client.status().acknowledged") == 3
    page.close()
