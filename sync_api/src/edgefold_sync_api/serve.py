"""Run a WSGI application by gunicorn, and stop it cleanly."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from sqlalchemy import Engine

from .server import EXTENSION, Server

THREADS = 8
"""Of each worker."""
KEEPALIVE_S = 15
STOP_S = 10
"""How long a request under way may take to end when the server stops."""


def run(
    app: Any, host: str, port: int, workers: int = 1, started: Callable[[str], None] = lambda address: None
) -> None:
    """Serve an application until SIGTERM or SIGINT; the process then exits with 0.

    ``started`` is called once with the address, such as ``http://127.0.0.1:8000``; port 0 takes a free one.
    """
    _Gunicorn(app, host, port, workers, started).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, app: Any, host: str, port: int, workers: int, started: Callable[[str], None]) -> None:
        self._app = app
        self._options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers,
            "threads": THREADS,
            "worker_class": "gthread",
            "keepalive": KEEPALIVE_S,
            "graceful_timeout": STOP_S,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": lambda arbiter: started(_address(arbiter)),
            "post_fork": lambda arbiter, worker: _begin_process(app),
            "worker_exit": lambda arbiter, worker: _end_process(worker.pid),
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:  # an older gunicorn lacks some
                self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app


def _address(arbiter: Any) -> str:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _begin_process(app: Any) -> None:
    """Begin a worker: what is loaded by now stays, so that collections pass it over; the parent's connections are the parent's.

    Neither SQLite nor PostgreSQL lets two processes share a connection.
    """
    gc.freeze()
    server = getattr(app, "extensions", {}).get(EXTENSION)
    if isinstance(server, Server):
        engine: Engine = server.engine
        engine.dispose(close=False)


def _end_process(pid: int) -> None:
    """End a worker that stops well, without the exit handlers of native libraries: they wait for threads that did not survive the fork."""
    leaving = sys.exception()
    if pid != os.getpid() or not isinstance(leaving, SystemExit) or leaving.code:
        return
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
