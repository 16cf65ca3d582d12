"""A browser of a user: its tabs, by name, each on a page that does what a test tells it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from .control import WAIT_SECONDS, Control, Page, TabGone
from .process import Engine, Process

HUB = "hub"
OPEN_WINDOW = "(url) => { open(url, '_blank', 'noopener,popup,width=400,height=300') }"
GO = "(url) => { setTimeout(() => { location.href = url }) }"
CLOSE = "() => { setTimeout(() => close()) }"


class Tab:
    """A tab of a browser; its page changes when it goes elsewhere."""

    def __init__(self, browser: Browser, name: str, page: Page) -> None:
        self._browser, self.name, self._page = browser, name, page

    def begin(self, script: str, argument: Any = None) -> Future[Any]:
        """Begin ``script``, a function's source, on an argument of JSON."""
        return self._page.ask(script, argument)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Return what ``script`` resolves with.

        Raises:
            TabGone: the page went away.
            ScriptFailed: the script threw.
        """
        return self.begin(script, argument).result(WAIT_SECONDS)

    def answers(self) -> bool:
        """Whether the page is there: it was not closed, and its process did not end."""
        try:
            self.evaluate("() => 0")
        except TabGone:
            return False
        return True

    def begin_leaving(self) -> None:
        """Navigate to the page anew, as a link does."""
        self.begin(GO, self._browser.url_of(self.name))

    def arrive(self) -> None:
        """Wait for the page that the tab has gone to."""
        self._page = self._browser.control.page(self.name, self._page)

    def begin_closing(self) -> None:
        """Close the tab as its user does."""
        self.begin(CLOSE)

    def wait_gone(self) -> None:
        """Wait until the page has gone away."""
        self._browser.control.wait_gone(self._page)


class Browser:
    """A browser that is started, killed and started again on the same storage."""

    def __init__(self, engine: Engine, site: str, profile: Path) -> None:
        self.engine, self._site, self._profile = engine, site, profile
        self._backup = profile.with_name(f"{profile.name}.backup")
        self.control = Control()
        self._count = 0
        self.start()

    def start(self) -> None:
        """Start the browser on what it kept."""
        self.control.forget()
        self._process = Process(self.engine, self._profile, self.url_of(HUB))
        self._hub = self.control.page(HUB)
        self._hub_processes = self._process.content_processes()

    def url_of(self, tab: str) -> str:
        """Return the address of the page in a tab."""
        return f"{self._site}/agent.html?{urlencode({'tab': tab, 'control': self.control.port})}"

    def open(self) -> Tab:
        """Open the page in a new tab."""
        self._count += 1
        name = f"tab{self._count}"
        self._hub.ask(OPEN_WINDOW, self.url_of(name)).result(WAIT_SECONDS)
        return Tab(self, name, self.control.page(name))

    def crash(self, rng: random.Random) -> None:
        """End the process of a tab at once, with what shares it; where that is the hub, start the browser again."""
        of_tabs = sorted(self._process.content_processes() - self._hub_processes)
        rng.shuffle(of_tabs)
        before = self.control.living()
        # One by one until a page goes: some idle, and WebKitGTK's small browser ends when several end at once.
        for pid in of_tabs:
            self._process.crash({pid})
            if len(self.control.living()) < len(before):
                break
        else:
            self._process.crash(self._process.content_processes())
            self.kill()
        if self._hub not in self.control.living():
            self.kill()
            self.start()

    def back_up(self) -> None:
        """Copy the storage, as a backup of the device does, between two lives of the browser."""
        self.kill()
        locks = shutil.ignore_patterns("Singleton*", "lock", ".parentlock")
        shutil.copytree(self._profile, self._backup, symlinks=True, ignore=locks)
        self.start()

    def restore(self) -> None:
        """Go back to the copy of the storage: what was stored since then is gone."""
        self.kill()
        shutil.rmtree(self._profile)
        self._backup.rename(self._profile)
        self.start()

    def kill(self) -> None:
        """End the browser at once."""
        self._process.kill()
        self.control.forget()

    def close(self) -> None:
        """End the browser and what listens to it."""
        self._process.kill()
        self.control.close()


@contextmanager
def running(engine: Engine, site: str, profile: Path) -> Iterator[Browser]:
    """Run a browser whose storage is in ``profile`` on the pages of a site, and end it."""
    browser = Browser(engine, site, profile)
    try:
        yield browser
    finally:
        browser.close()
