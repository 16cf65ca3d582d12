"""Plays a scenario in a real browser, and tells what was tracked and what is counted at the end."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from ..engine.browser import Browser, Tab
from ..engine.control import WAIT_SECONDS, ScriptFailed, TabGone
from .check import Told, Tracked, Verdict, judge
from .network import Network
from .scenario import SUBJECTS, Keys, Scenario
from .shop import NEW, OLD, Shop, opening_of

FULL_MS = 800
YEARS_MS, HOUR_MS = 5 * 365 * 86_400_000, 3_600_000


class Life:
    """A device's life: what happens in it, and what it tracked."""

    def __init__(self, scenario: Scenario, browser: Browser, shop: Shop, network: Network) -> None:
        self.scenario, self.browser, self.shop, self.network = scenario, browser, shop, network
        self.rng = random.Random(scenario.seed)
        self.keys = Keys()
        self.tracked: list[Tracked] = []
        self.left: set[str] = set()
        """Keys of what was tracked by pages that were left."""
        self.subjects = {SUBJECTS[0]}
        self.spec = OLD
        """What a page that is loaded now was built with."""

    def open(self, count: int, subject: str, faults: Sequence[str] = ()) -> list[Device]:
        """Open tabs at once; scripts of ``faults`` run first, in the first of them."""
        self.subjects.add(subject)
        devices = [Device(self, self.browser.open()) for _ in range(count)]
        for script in faults:
            devices[0].tab.evaluate(script)
        for opening in [device.begin_opening(subject) for device in devices]:
            opening.result(WAIT_SECONDS)
        for device in devices:
            device.look()
        return devices

    def resolved(self) -> set[str]:
        """Return the keys that pages have told of as resolved."""
        return {note["resolved"] for note in list(self.browser.control.notes) if "resolved" in note}

    def errors(self) -> list[str]:
        """Return what went wrong in the pages, for a person who looks for a cause."""
        return sorted({note["error"] for note in list(self.browser.control.notes) if "error" in note})


class Device:
    """A tab with a client of a subject on it."""

    def __init__(self, life: Life, tab: Tab) -> None:
        self.life, self.tab = life, tab
        self.subject, self.kind = SUBJECTS[0], ""
        self.after: list[str] = []
        """Keys of what is tracked for whom the page is about to go on with."""

    def begin_opening(self, subject: str) -> Future[Any]:
        """Begin to open the client of a subject; an earlier one of the page is closed."""
        self.subject = subject
        opening = opening_of(subject if self.life.scenario.is_named else None, self.life.spec, self.life.scenario.store)
        return self.tab.begin("device.open", opening)

    def look(self) -> None:
        """Learn which store the client has."""
        self.kind = self.tab.evaluate("device.status")["store"]["kind"]
        if self.may_lose():
            # The store of whom the page went on with was not known before, and says the same of what it has.
            told = self.life.tracked
            self.life.tracked = [replace(each, may_lose=True) if each.key in self.after else each for each in told]
        self.after = []

    def track(self, count: int, may_lose: bool = False) -> Future[Any]:
        """Begin to track events."""
        given = {"keys": self.given(count, may_lose), "gapMs": self.life.scenario.gap_ms}
        return self.tab.begin("device.track", given)

    def switch(self, subject: str) -> Future[Any]:
        """Let another person sign in, in the middle of events."""
        before = self.given(2)
        self.subject = subject
        self.life.subjects.add(subject)
        self.after = self.given(2)
        return self.tab.begin("device.switchTo", {"subject": subject, "before": before, "after": self.after})

    def given(self, count: int, may_lose: bool = False) -> list[str]:
        """Return keys for events of this device."""
        keys = self.life.keys.take(count)
        lose = may_lose or self.may_lose()
        self.life.tracked += [Tracked(key, self.subject, lose) for key in keys]
        return keys

    def may_lose(self) -> bool:
        """Whether what is tracked may be lost in the end that comes, as the store of the client says."""
        scenario = self.life.scenario
        # A kill loses its last seconds; and a tab hears late that another process has cleared it.
        loses = scenario.ending in ("crash", "kill") or scenario.storage in ("restored", "cleared")
        by_end = {"memory": True, "localstorage": loses}
        return by_end.get(self.kind, False)


@dataclass(frozen=True)
class Plant:
    """What makes a run wrong, for a check of the check: a script in the first page, or a network that is never well again."""

    script: str = "() => 0"
    network: str | None = None
    drain_ms: int = 60_000


NONE = Plant()


def play(scenario: Scenario, browser: Browser, shop: Shop, network: Network, plant: Plant = NONE) -> Verdict:
    """Play a scenario and judge it."""
    life = Life(scenario, browser, shop, network)
    devices = life.open(scenario.tabs, SUBJECTS[0], _storage_faults(scenario))
    devices[0].tab.evaluate(plant.script)
    network.fault = plant.network or scenario.network
    if scenario.deploy != "none":
        life.spec = NEW
        shop.publish(NEW)
        devices += life.open(1, SUBJECTS[0])
    _wait([device.track(scenario.events, scenario.storage == "cleared") for device in devices])
    _meanwhile(life, devices)
    tracking = [device.track(scenario.events) for device in devices]
    for device in life.rng.sample(devices, life.rng.randint(0, len(devices))):
        device.tab.begin("device.sync")
    if scenario.deploy == "forth and back":
        life.spec = OLD
    devices = _end(life, devices, tracking)
    _wait([device.track(scenario.events, may_lose=device.kind == "memory") for device in devices])
    network.fault = plant.network or "well"
    return _settle(life, devices, plant.drain_ms)


def _storage_faults(scenario: Scenario) -> list[str]:
    return {
        "full": [f"() => device.fillUp({FULL_MS})"],
        "fails once": ["() => device.failOpening(1)"],
    }.get(scenario.storage, [])


def _meanwhile(life: Life, devices: list[Device]) -> None:
    """Let happen what happens in the middle of a life: with a clock, a storage, a user."""
    scenario = life.scenario
    if scenario.clock == "ahead once":
        devices[0].tab.evaluate(f"() => device.setClock({YEARS_MS})")
        _wait([devices[0].track(1, scenario.storage == "cleared")])
        devices[0].tab.evaluate("() => device.setClock(0)")
    if scenario.clock == "jumps":
        for device in devices:
            hours = life.rng.choice((-24, -1, 1, 24))
            device.tab.evaluate(f"() => device.setClock({hours * HOUR_MS})")
    if scenario.storage == "loses connections":
        life.rng.choice(devices).tab.evaluate("device.loseConnections")
    if scenario.storage == "cleared":
        life.rng.choice(devices).tab.evaluate("device.clearStorage")
    if scenario.switch:
        switched = life.rng.sample(devices, life.rng.randint(1, len(devices)))
        _wait([device.switch(SUBJECTS[1]) for device in switched])
        for device in switched:
            device.look()


def _end(life: Life, devices: list[Device], tracking: list[Future[Any]]) -> list[Device]:
    """End the tabs as the scenario says, while they track; return the tabs that are there afterwards."""
    scenario, browser = life.scenario, life.browser
    if scenario.ending in ("crash", "kill"):
        time.sleep(scenario.end_after_seconds)
        if scenario.ending == "kill":
            browser.kill()
            browser.start()
        else:
            browser.crash(life.rng)
        _wait(tracking, gone=True)
        left = [device for device in devices if device.tab.answers()]
    else:
        _wait(tracking)
        left = _leave(life, devices)
    if scenario.storage == "restored":
        left = []
        _restore(life)
    return left + [device for subject in sorted(life.subjects) for device in life.open(1, subject)]


def _restore(life: Life) -> None:
    """Go back to a backup of the device: what it tracked since then may be lost where no server had it, and is never doubled."""
    life.browser.back_up()
    devices = [device for subject in sorted(life.subjects) for device in life.open(1, subject)]
    _wait([device.track(life.scenario.events, may_lose=True) for device in devices])
    if life.rng.random() < 0.7:
        _wait([device.tab.begin("device.sync") for device in devices])
        _wait([device.track(2, may_lose=True) for device in devices])
    life.browser.restore()


def _leave(life: Life, devices: list[Device]) -> list[Device]:
    """Leave the pages, which track as they go: for another page it is as good as resolved; what a closing tab runs is the engine's choice."""
    scenario = life.scenario
    is_going_on = scenario.ending == "leave"
    may_lose = scenario.storage == "full" or not is_going_on
    for device in devices:
        gone = device.given(2, may_lose)
        hidden = device.given(1, may_lose)
        life.left |= {*gone, *hidden}
        device.tab.evaluate("device.trackOnLeaving", {"gone": gone, "hidden": hidden})
    for device in devices:
        device.tab.begin_leaving() if is_going_on else device.tab.begin_closing()
    for device in devices:
        device.tab.arrive() if is_going_on else device.tab.wait_gone()
    if not is_going_on:
        return []
    _wait([device.begin_opening(device.subject) for device in devices])
    for device in devices:
        device.look()
    return devices


def _settle(life: Life, devices: list[Device], drain_ms: int) -> Verdict:
    """With all faults gone, let every device drain, and judge what is counted."""
    pending, seen = dict.fromkeys(life.subjects, 0), {}
    for device in devices:
        status = device.tab.evaluate("device.drain", {"forMs": drain_ms})
        assert status["tracked"] == status["acknowledged"] + status["pending"] + status["rejected"], status
        if not status.get("outdated"):
            pending[device.subject] += status["pending"] + status["rejected"]
    life.network.fault = "well"
    for device in devices:
        device.tab.evaluate("device.drain", {"forMs": drain_ms})
        seen[device.subject] = device.tab.evaluate("device.counts")
    specs = (OLD,) if life.scenario.deploy == "none" else (OLD, NEW)
    server = {subject: [life.shop.counts_of(subject, spec) for spec in specs] for subject in SUBJECTS}
    for subject, counts in server.items():
        assert counts.count(counts[0]) == len(counts), f"the specs count {subject}'s events otherwise"
    told = Told({subject: counts[0] for subject, counts in server.items()}, seen, pending)
    return judge(life.tracked, life.resolved() | life.left, told)


def _wait(futures: list[Future[Any]], gone: bool = False) -> None:
    for future in futures:
        try:
            future.result(WAIT_SECONDS)
        except (TabGone, ScriptFailed):
            if not gone:
                raise
