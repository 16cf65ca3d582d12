"""A network between the page and the API that does what networks do, on demand."""

from __future__ import annotations

import hashlib
import io
import json
import random
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

Start = Callable[..., Any]
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]

PAGE = b"<!doctype html><title>A proxy's own page</title><p>The request could not be handled."
FOREIGN = ("400 Bad Request", "403 Forbidden", "404 Not Found", "409 Conflict", "413 Too Large", "422 Unprocessable")
FAILING = ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable")
RETRY_SECONDS = 1


class Network:
    """Stands in front of a WSGI application; ``fault`` meets a share of the API's calls, "well" none."""

    def __init__(self, app: Wsgi, rng: random.Random, share: float) -> None:
        self._app, self._rng, self._share = app, rng, share
        self.fault = "well"
        self.faults = 0
        """How many calls have met it."""
        self._kept: Environ | None = None
        self._kept_body = b""

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/v1/") or self.fault == "well" or self._rng.random() >= self._share:
            return self._app(environ, start)
        self.faults += 1
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        match self.fault:
            case "offline":
                _broken(environ)
            case "lost":
                self._run(environ, body, _ignore)
                _broken(environ)
            case "doubled":
                self._run(environ, body, _ignore)
            case "late":  # a copy comes once more, after the next call
                before, before_body = self._kept, self._kept_body
                self._kept, self._kept_body = dict(environ), body
                answer = self._run(environ, body, start)
                if before is not None:
                    self._run(before, before_body, _ignore)
                return answer
            case "twice":  # a planted fault: what a wrong server counts once more
                self._run(environ, body, _ignore)
                if environ["PATH_INFO"] == "/v1/diffs":
                    self._run({**environ, "CONTENT_LENGTH": str(len(_anothers(body)))}, _anothers(body), _ignore)
            case "busy":
                return _page(start, "429 Too Many Requests", ("Retry-After", str(RETRY_SECONDS)))
            case "failing":
                return _page(start, self._rng.choice(FAILING))
            case "foreign":
                return _page(start, self._rng.choice(FOREIGN))
            case "slow":
                time.sleep(self._rng.uniform(0.1, 1))
        return self._run(environ, body, start)

    def _run(self, environ: Environ, body: bytes, start: Start) -> list[bytes]:
        parts = self._app({**environ, "wsgi.input": io.BytesIO(body)}, start)
        answer = list(parts)
        getattr(parts, "close", lambda: None)()
        return answer


def _anothers(body: bytes) -> bytes:
    """Return a diff as another replica's: its ids are others too."""
    diff = json.loads(body)
    replica = hashlib.sha256("".join(diff["ids"]).encode()).hexdigest()[:32]
    other = {"replica": replica, "ids": [name[::-1] for name in diff["ids"]], "prev": ""}
    if diff["from"] > 0:
        other |= {"from": 1, "to": diff["to"] - diff["from"] + 1}
    return json.dumps(diff | other).encode()


def _ignore(*_: Any) -> None:
    """Take the status and headers of an answer that nobody gets."""


def _page(start: Start, status: str, *headers: tuple[str, str]) -> list[bytes]:
    start(status, [("Content-Type", "text/html"), ("Content-Length", str(len(PAGE))), *headers])
    return [PAGE]


def _broken(environ: Environ) -> NoReturn:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    # What the server takes as the other side's end, and says nothing of.
    raise ConnectionAbortedError
