"""What a test says to its pages, and what they tell it: scripts go out, results and notes come back."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .socket import Connection, SocketServer

WAIT_SECONDS = 150.0
"""Generous: a machine may be busy. What waits for ever is a fault."""


class TabGone(Exception):
    """The page went away before it answered."""


class ScriptFailed(Exception):
    """The script threw in the page."""


class Page:
    """One loaded document of a tab."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = itertools.count()
        self._asked: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self.is_gone = False

    def ask(self, script: str, argument: Any) -> Future[Any]:
        """Begin ``script``, a function's source, on an argument of JSON; the future holds what it resolves with."""
        future: Future[Any] = Future()
        with self._lock:
            number = next(self._numbers)
            if self.is_gone:
                future.set_exception(TabGone(script))
                return future
            self._asked[number] = future
        try:
            self._connection.send(json.dumps({"number": number, "script": script, "argument": argument}))
        except OSError:
            self.end()
        return future

    def hear(self, answer: dict[str, Any]) -> None:
        """Take a script's answer."""
        with self._lock:
            future = self._asked.pop(answer["number"], None)
        if future is None:
            return  # it came as the page was given up: whoever asked was told so
        if "error" in answer:
            future.set_exception(ScriptFailed(answer["error"]))
        else:
            future.set_result(answer.get("value"))

    def end(self) -> None:
        """The page is gone, with what it had to answer."""
        with self._lock:
            self.is_gone = True
            asked, self._asked = self._asked, {}
        for future in asked.values():
            future.set_exception(TabGone("the page went away before it answered"))


class Control:
    """The pages of a browser by the name of their tab; ``notes`` are what they told unasked, in the order in which it came."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self._changed = threading.Condition()
        self.notes: list[Any] = []
        self._server = SocketServer(self._serve)
        self.port = self._server.port

    def _serve(self, connection: Connection) -> None:
        page = Page(connection)

        def hear(text: str) -> None:
            message = json.loads(text)
            if "tab" in message:
                with self._changed:
                    self._pages[message["tab"]] = page
                    self._changed.notify_all()
            elif "note" in message:
                self.notes.append(message["note"])
            else:
                page.hear(message)

        try:
            connection.read(hear)
        finally:
            page.end()
            with self._changed:
                self._changed.notify_all()

    def page(self, tab: str, without: Page | None = None) -> Page:
        """Return the page that is loaded in a tab; wait for one that is not ``without``."""
        return self._wait(lambda: self._there(tab, without), f"a page in tab {tab}")

    def _there(self, tab: str, without: Page | None) -> Page | None:
        page = self._pages.get(tab)
        return None if page is None or page.is_gone or page is without else page

    def living(self) -> set[Page]:
        """Return the pages that answer."""
        asked = [(page, page.ask("() => 0", None)) for page in list(self._pages.values())]
        return {page for page, answer in asked if answer.exception(WAIT_SECONDS) is None}

    def wait_gone(self, page: Page) -> None:
        """Wait until a page is gone."""
        self._wait(lambda: page if page.is_gone else None, "a page's end")

    def _wait(self, look: Callable[[], Page | None], what: str) -> Page:
        deadline = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while (found := look()) is None:
                left = deadline - time.monotonic()
                assert left > 0, f"waited {WAIT_SECONDS:.0f} s for {what}"
                self._changed.wait(left)
        return found

    def forget(self) -> None:
        """Forget all pages: their browser has ended."""
        for page in list(self._pages.values()):
            page.end()
        self._pages.clear()

    def close(self) -> None:
        """End all connections."""
        self._server.close()
