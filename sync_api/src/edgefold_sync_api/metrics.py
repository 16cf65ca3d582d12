"""Counters in the Prometheus text format; each worker process has its own, told apart by a label."""

from __future__ import annotations

import os
import threading
from collections import Counter

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REQUESTS = ("edgefold_requests_total", "Requests answered, by route and status.")
_OUTCOMES = ("edgefold_diffs_total", "Diffs decided on, by outcome.")


class Metrics:
    """Requests by route and status, and diffs by outcome. Safe to use from several threads."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count_request(self, route: str, status: int) -> None:
        """Count an answer."""
        with self._lock:
            self._requests[route, status] += 1

    def count_outcome(self, outcome: str) -> None:
        """Count a decision."""
        with self._lock:
            self._outcomes[outcome] += 1

    def text(self) -> str:
        """Return all counters."""
        worker = f'worker="{os.getpid()}"'
        with self._lock:
            requests = [
                (f'{worker},route="{route}",status="{status}"', count)
                for (route, status), count in sorted(self._requests.items())
            ]
            outcomes = [(f'{worker},outcome="{outcome}"', count) for outcome, count in sorted(self._outcomes.items())]
        lines = []
        for (name, meaning), rows in ((_REQUESTS, requests), (_OUTCOMES, outcomes)):
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} counter"]
            lines += [f"{name}{{{labels}}} {count}" for labels, count in rows]
        return "\n".join(lines) + "\n"
