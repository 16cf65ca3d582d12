"""The server answers, and stops when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from urllib.request import urlopen

import pytest
from edgefold_demo_app.serve import PortTaken, serve
from flask import Flask


def hello() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def then(act: Callable[[str], None]) -> Callable[[str], None]:
    """Act from another thread once the server is about to run."""
    return lambda address: threading.Thread(target=act, args=(address,)).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_and_gives_the_handlers_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    answers: list[bytes] = []

    def ask_then_stop(address: str) -> None:
        with urlopen(address) as answer:
            answers.append(answer.read())
        os.kill(os.getpid(), number)

    serve(hello(), 0, then(ask_then_stop))
    assert answers == [b"hello"]
    assert signal.getsignal(number) is before


def test_a_taken_port_is_refused_with_another_to_try(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"--port {port + 1}") as raised:
            serve(hello(), port, lambda address: None)
    assert raised.value.port == port
    assert capfd.readouterr().err == ""
