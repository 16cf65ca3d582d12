"""A line of progress on long work."""

from __future__ import annotations

import sys
import time

QUIET_SECONDS = 2.0


class Progress:
    """Says on stderr how far a batch is, once it has taken two seconds. Off where stderr is no terminal, unless asked for."""

    def __init__(self, what: str, enabled: bool | None) -> None:
        self._what = what
        self._enabled = sys.stderr.isatty() if enabled is None else enabled
        self._started = time.monotonic()
        self._shown = False

    def at(self, done: int, total: int, stage: str) -> None:
        """Show that ``done`` of ``total`` steps are behind, and which stage comes now."""
        seconds = time.monotonic() - self._started
        if not self._enabled or (seconds < QUIET_SECONDS and not self._shown):
            return
        self._shown = True
        end = "\n" if done == total else "\r" if sys.stderr.isatty() else "\n"
        print(
            f"{self._what}: {100 * done // total:3d} %, {stage}, {seconds:.1f} s", end=end, file=sys.stderr, flush=True
        )
