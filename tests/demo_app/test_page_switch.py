"""The page while its customer is being changed: the last choice wins, and what is pressed is done for whom the page names.

The sign-in server answers when a test lets it, and a test presses from inside the page, faster than a hand.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from .devices import Deck

HELP = """
const real = fetch
let held = [], connections = 0
window.signIn = { hold: true, release() { this.hold = false; for (const go of held.splice(0)) go() } }
window.fetch = async (input, init) => {
  const asks = String(input.url ?? input).includes('demo/token')
  if (asks && window.signIn.hold) await new Promise((resolve) => held.push(resolve))
  return await real(input, init)
}
const openDatabase = IDBFactory.prototype.open
IDBFactory.prototype.open = function (...given) {
  const request = openDatabase.apply(this, given)
  request.addEventListener('success', () => {
    const { result } = request, close = result.close
    let open = true
    connections++
    result.close = function () { if (open) connections--; open = false; close.call(this) }
  })
  return request
}
window.connections = () => connections
window.choose = (subject) => document.querySelector(`input[value='${subject}']`).click()
window.isOff = (control) => control.disabled || control.closest('[inert]') !== null
/** Press Buy wherever it is on, again and again; return how often it was pressed. */
window.press = async (times) => {
  let pressed = 0
  for (let i = 0; i < times; i++) {
    const button = document.querySelector("[aria-label^='Buy Night Bus to Ystad']")
    if (button !== null && !isOff(button)) { button.click(); pressed++ }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return pressed
}
"""
FROM_THE_START = """
new MutationObserver((_, observer) => {
  if (document.querySelector("input[value='%s']") === null) return
  observer.disconnect()
  queueMicrotask(() => { choose('%s'); window.early = press(50) })
}).observe(document, { childList: true, subtree: true })
"""


@pytest.fixture
def held_page(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the page for a customer, with the sign-in server let go; ``signIn.hold`` holds it."""

    def opened(subject: str, script: str = "") -> Page:
        return open_page(subject, before=f"{HELP}; signIn.hold = false; {script}")

    return opened


def tracked(page: Page, subject: str) -> int:
    """Choose a customer at leisure; return how many purchases both devices hold.

    Another is chosen before: what was still being written is written when its customer's devices are closed.
    """
    page.evaluate("signIn.release()")
    for each in ("00001", subject):
        page.locator(f"input[value='{each}']").check()
        decks = [Deck(page, name, each) for name in ("Phone", "Laptop")]
        for deck in decks:
            expect(deck.chance).to_contain_text("%")
    return sum(int(deck.deck.locator(".counter-tracked dd").inner_text()) for deck in decks)


def test_what_is_pressed_from_a_choice_on_is_stored_for_the_chosen(held_page: Callable[..., Page]) -> None:
    page = held_page("22794")
    before = {subject: tracked(page, subject) for subject in ("00891", "22794")}
    page.evaluate("signIn.hold = true; choose('00891'); window.pressing = press(60); undefined")
    page.wait_for_timeout(200)  # some of the presses fall before the release, the others after
    page.evaluate("signIn.release()")
    pressed = page.evaluate("pressing") + page.evaluate("press(5)")
    stored = {subject: tracked(page, subject) - before[subject] for subject in ("00891", "22794")}
    assert stored == {"00891": pressed, "22794": 0}


def test_what_is_pressed_while_the_page_opens_is_stored_for_the_chosen(held_page: Callable[..., Page]) -> None:
    page = held_page("22794")
    before = {subject: tracked(page, subject) for subject in ("01965", "22794")}
    page.add_init_script(
        f"signIn.hold = true; {FROM_THE_START % ('01965', '01965')}; setTimeout(() => signIn.release(), 300)"
    )
    page.reload()
    page.wait_for_function("window.early !== undefined")
    pressed = page.evaluate("early")
    stored = {subject: tracked(page, subject) - before[subject] for subject in ("01965", "22794")}
    assert stored == {"01965": pressed, "22794": 0}


def test_what_was_bought_just_before_a_choice_is_stored_for_the_one_before(held_page: Callable[..., Page]) -> None:
    page = held_page("00081")
    before = {subject: tracked(page, subject) for subject in ("new", "00081")}
    page.evaluate("""() => {
      for (let i = 0; i < 5; i++) document.querySelector("[aria-label^='Buy Room 14']").click()
      choose('new')
    }""")
    stored = {subject: tracked(page, subject) - before[subject] for subject in ("new", "00081")}
    assert stored == {"new": 0, "00081": 5}


def test_the_last_of_many_choices_is_shown_and_the_others_are_closed(held_page: Callable[..., Page]) -> None:
    page = held_page("22794")
    at_rest = page.evaluate("connections()")
    page.evaluate("signIn.hold = true; for (const subject of ['00891', '00081', 'new', '01965']) choose(subject)")
    page.wait_for_timeout(200)  # the first of them is under way
    page.evaluate("choose('00081'); choose('01965'); signIn.release()")
    phone = Deck(page, "Phone", "01965")
    expect(phone.chance).to_contain_text("%")
    page.wait_for_function("(count) => connections() === count", arg=at_rest)
    page.get_by_role("button", name="Buy Remainders").click()
    expect(page.locator(".deck-cause").first).to_have_text("after buying Remainders")
    assert {deck.get_attribute("data-subject") for deck in page.locator(".deck").all()} == {"01965"}
    assert phone.chance.text_content() == page.locator(".hand-chance").first.text_content()
    expect(page.locator("#stayed caption")).to_have_text(["Phone", "Laptop"])
    expect(page.locator("#stayed tbody tr").first).to_contain_text("Remainders")


def test_a_choice_takes_back_the_question_of_an_erasure(held_page: Callable[..., Page]) -> None:
    page = held_page("00081")
    page.get_by_role("button", name="Erase this customer").click()
    expect(page.locator("#erase-title")).to_have_text("Erase customer 00081?")
    page.evaluate("choose('00891')")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(Deck(page, "Phone", "00891").chance).to_contain_text("%")


def test_an_erasure_is_not_asked_of_a_customer_about_to_go(held_page: Callable[..., Page]) -> None:
    page = held_page("00081")
    page.evaluate("signIn.hold = true; choose('00891'); document.querySelector('#erase').click()")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.evaluate("signIn.release()")
    expect(Deck(page, "Phone", "00891").chance).to_contain_text("%")
    page.get_by_role("button", name="Erase this customer").click()
    expect(page.locator("#erase-title")).to_have_text("Erase customer 00891?")


def test_escape_erases_nobody_even_after_an_erasure(held_page: Callable[..., Page]) -> None:
    page = held_page("00001")
    erased: list[Request] = []
    page.on("request", lambda request: erased.append(request) if request.method == "DELETE" else None)
    page.get_by_role("button", name="Erase this customer").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    Deck(page, "Phone", "00001").feature("orders", "0")
    Deck(page, "Laptop", "00001").feature("orders", "0")
    assert len(erased) == 1
    page.locator("input[value='new']").check()
    expect(Deck(page, "Phone", "new").chance).to_contain_text("%")
    page.get_by_role("button", name="Erase this customer").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Buy Remainders").click()
    page.get_by_role("button", name="Sync the Phone").click()
    Deck(page, "Phone", "new").count("pending", 0)
    assert len(erased) == 1
