"""The demo's server as a test runs it, and what the page shows of a device."""

from __future__ import annotations

import threading

from edgefold_demo_app.serve import HOST
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import BaseWSGIServer, make_server


class Shop:
    """The demo's server in a thread, which a test may stop."""

    def __init__(self, app: Flask) -> None:
        self._server: BaseWSGIServer = make_server(HOST, 0, app, threaded=True)
        self.address = f"http://{HOST}:{self._server.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class Deck:
    """What a device of the page shows."""

    def __init__(self, page: Page, name: str, subject: str) -> None:
        self.deck = page.locator(f".deck[data-device={name}][data-subject='{subject}']")
        self.online = self.deck.get_by_role("switch")
        self.chance = self.deck.locator(".disc-number")

    def count(self, name: str, number: int) -> None:
        expect(self.deck.locator(f".counter-{name} dd")).to_have_text(str(number))

    def feature(self, name: str, value: str) -> None:
        row = self.deck.locator(".tracks tbody tr", has=self.deck.page.get_by_text(name, exact=True))
        expect(row.locator(".track-2")).to_have_text(value)
