"""The page in a real browser: it scores, syncs, keeps events to itself, erases, and opens with the server stopped."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .devices import Deck, Shop


def test_a_purchase_changes_score_and_features_and_reaches_the_other_device(open_page: Callable[..., Page]) -> None:
    page = open_page("22794")
    phone, laptop = Deck(page, "Phone", "22794"), Deck(page, "Laptop", "22794")
    phone.feature("orders", "18")
    before = phone.chance.text_content()
    page.get_by_role("button", name="Buy Hours of Brass").click()
    phone.feature("orders", "19")
    expect(phone.chance).not_to_have_text(str(before))
    phone.count("acknowledged", 1)
    laptop.feature("orders", "19")
    laptop.count("tracked", 0)


def test_what_is_bought_offline_waits_and_is_sent_on_coming_back(open_page: Callable[..., Page]) -> None:
    page = open_page("00081")
    phone, laptop = Deck(page, "Phone", "00081"), Deck(page, "Laptop", "00081")
    laptop.feature("orders", "14")
    phone.feature("orders", "14")
    phone.online.click()
    page.get_by_role("button", name="Buy Room 14").click()
    phone.feature("orders", "15")
    phone.count("pending", 1)
    laptop.feature("orders", "14")
    phone.online.click()
    phone.count("acknowledged", 1)
    laptop.feature("orders", "15")


def test_nothing_that_left_names_what_was_bought(open_page: Callable[..., Page]) -> None:
    page = open_page("00891")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.get_by_role("button", name="Buy Night Bus to Ystad").click()
    page.get_by_role("button", name="Sync the Phone").click()
    Deck(page, "Phone", "00891").count("acknowledged", 1)
    expect(page.locator("#stayed")).to_contain_text("Night Bus to Ystad")
    assert any("/v1/diffs" in text for text in sent)
    assert not any("Ystad" in text for text in sent)


def test_time_moves_the_score_and_never_backwards(open_page: Callable[..., Page]) -> None:
    page = open_page("01965")
    phone = Deck(page, "Phone", "01965")
    before = phone.chance.text_content()
    page.get_by_role("button", name="a month").click()
    expect(page.locator("#date")).to_have_text("31 Jul 1998")
    expect(phone.chance).not_to_have_text(str(before))
    page.reload()
    expect(page.locator("#date")).to_have_text("31 Jul 1998")


def test_erasing_empties_both_devices(open_page: Callable[..., Page]) -> None:
    page = open_page("00001")
    phone, laptop = Deck(page, "Phone", "00001"), Deck(page, "Laptop", "00001")
    laptop.feature("orders", "1")
    phone.feature("orders", "1")
    page.get_by_role("button", name="Erase this customer").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    phone.feature("orders", "0")
    laptop.feature("orders", "0")


def test_with_the_server_stopped_the_page_opens_and_scores(open_page: Callable[..., Page], shop: Shop) -> None:
    page = open_page("new")
    expect(page.locator("#offline-ready")).to_contain_text("is kept")
    shop.stop()
    page.reload()
    phone = Deck(page, "Phone", "new")
    phone.feature("orders", "0")
    page.get_by_role("button", name="Buy Remainders").click()
    phone.feature("orders", "1")
    phone.count("pending", 1)


def test_no_width_needs_a_sideways_scroll_and_every_control_has_a_name(open_page: Callable[..., Page]) -> None:
    page = open_page("22794")
    for width in (360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    controls = [control for role in ("button", "switch", "radio") for control in page.get_by_role(role).all()]
    assert len(controls) > 40
    for control in controls:
        expect(control).to_have_accessible_name(re.compile(r"\w"))
