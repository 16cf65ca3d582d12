"""A real Chromium that a test starts, drives and may kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright

from ..conftest import BROWSER_LIMIT_MS

COMMANDS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 300


def executable(playwright: Playwright) -> str:
    """Return the path of a Chromium: the one named by EDGEFOLD_CHROMIUM, an installed one, or Playwright's own."""
    named = os.environ.get("EDGEFOLD_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, COMMANDS)), playwright.chromium.executable_path)
    assert Path(found).exists(), (
        f"there is no Chromium at {found}; run make test, which gets one, or set EDGEFOLD_CHROMIUM"
    )
    return found


@contextmanager
def chromium(playwright: Playwright, profile: Path) -> Iterator[Chromium]:
    """Run a Chromium whose storage is in ``profile``, and end it."""
    browser = Chromium(playwright, profile)
    try:
        yield browser
    finally:
        browser.stop()


class Chromium:
    """A running browser process of one user: ``context`` is its only one, with the storage of ``profile``."""

    def __init__(self, playwright: Playwright, profile: Path) -> None:
        profile.mkdir(parents=True, exist_ok=True)
        port_file = profile / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        command = [
            executable(playwright),
            *FLAGS,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "about:blank",
        ]
        # A session of its own, so that a kill reaches its helpers too.
        self._process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while not (port_file.exists() and port_file.read_text().strip()):
            assert self._process.poll() is None, "Chromium ended at its start"
            assert time.monotonic() < deadline, "Chromium did not start in time"
            time.sleep(0.02)
        port = port_file.read_text().splitlines()[0]
        self._browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", timeout=BROWSER_LIMIT_MS)
        self.context: BrowserContext = self._browser.contexts[0]
        self.context.set_default_timeout(BROWSER_LIMIT_MS)

    def kill(self) -> None:
        """End every process of the browser at once, as a crash or a full memory would: SIGKILL."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the browser, if it still runs."""
        if self._process.poll() is None:
            self.kill()
