"""The real API and a page, served on this machine, with faults on demand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from edgefold_sync_api import create_app
from flask import Flask, send_from_directory
from werkzeug.serving import WSGIRequestHandler, make_server

SECRET = "a secret for tests, of more than 32 bytes"
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Site:
    """A served site; ``url`` ends without a slash. ``requests`` are the bodies that came, with their paths."""

    def __init__(self, app: Flask, port: int) -> None:
        self.app, self.url = app, f"http://127.0.0.1:{port}"
        self.requests: list[tuple[str, str, bytes]] = []
        self.lose_replies = 0
        """How many replies to a diff are lost yet: the diff is handled, and the connection breaks."""
        self.lost_replies = 0
        self.api_down = False
        """Whether every call of the API ends in a broken connection, unhandled."""
        self.api_delay_seconds = 0.0
        """How long every call of the API waits before it is handled."""

    def faulty(self, app: Wsgi) -> Wsgi:
        """Return the WSGI application with the faults in front."""

        def handle(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = _Body(body)
            self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
            if environ["PATH_INFO"].startswith("/v1/"):
                time.sleep(self.api_delay_seconds)
                if self.api_down:
                    _broken(environ)
            parts = app(environ, start)
            answer = list(parts)
            getattr(parts, "close", lambda: None)()
            if environ["PATH_INFO"] == "/v1/diffs" and self.lose_replies > 0:
                self.lose_replies -= 1
                self.lost_replies += 1
                _broken(environ)
            return answer

        return handle


def _broken(environ: dict[str, Any]) -> NoReturn:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    # What the server takes as the other side's end, and says nothing of.
    raise ConnectionAbortedError


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: ``Site.requests`` holds them."""


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        size = len(self._content) if size is None or size < 0 else size
        taken, self._content = self._content[:size], self._content[size:]
        return taken

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


@contextmanager
def serving(page: Path, bundle: Path | None, database: Path, port: int = 0, **settings: str) -> Iterator[Site]:
    """Serve the API, the page and the bundle's files until the block ends; without a bundle, ``settings`` name the spec."""
    app = create_app(
        {
            "EDGEFOLD_SECRET": SECRET,
            "EDGEFOLD_BUNDLES": "" if bundle is None else str(bundle),
            "EDGEFOLD_DATABASE_URL": f"sqlite:///{database}",
            "EDGEFOLD_REQUESTS_PER_SECOND": 10_000,
            **settings,
        }
    )
    app.add_url_rule("/", view_func=lambda: send_from_directory(page, "index.html"), endpoint="index")
    app.add_url_rule("/<path:name>", view_func=lambda name: send_from_directory(page, name), endpoint="page")
    if bundle is not None:
        app.add_url_rule("/bundle/<path:name>", "bundle", lambda name: send_from_directory(bundle, name))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    site = Site(app, server.server_port)
    app.wsgi_app = site.faulty(app.wsgi_app)  # type: ignore[method-assign]  # how Flask documents a middleware
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
