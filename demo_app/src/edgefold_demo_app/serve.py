"""Serve an application until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program serves on the port; carries ``port``."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"port {port} can't be served on ({reason}); choose another: edgefold demo --port {port + 1}")
        self.port = port


class _Quiet(WSGIRequestHandler):
    """Log no request: the page shows them, byte for byte."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise PortTaken(port, error.strerror or str(error)) from error


def serve(app: Flask, port: int, ready: Callable[[str], None]) -> None:
    """Serve ``app`` on this machine only; call ``ready`` with the address; return after a signal.

    Raises:
        PortTaken: the port is not free.
    """
    with _listening(port) as listening:
        server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet, fd=listening.fileno())

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown waits for the loop that this very thread runs
        threading.Thread(target=server.shutdown).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ready(f"http://{HOST}:{server.port}/")
        server.serve_forever()
    finally:
        server.server_close()
        for number, handler in before.items():
            signal.signal(number, handler)
