"""Single-diff requests a second on a durable SQLite file, beside an empty Flask route: ``python bench/http.py [requests] [rounds]``.

Both are served by gunicorn with the same settings and asked by the same client with the same bytes, in turns. Each diff is one event, applied
and committed to the disk (WAL, synchronous FULL) before it is answered. Prints one line of JSON; the figures are medians of the rounds.
"""

from __future__ import annotations

# ruff: noqa: E402  # the path is set first
import sys

sys.path = [
    folder for folder in sys.path if not folder.endswith("bench")
]  # where this file would hide the standard http

import json
import multiprocessing
import socket
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
from edgefold_sync_api import create_app, issue_token
from edgefold_sync_api.serve import run
from flask import Flask

SECRET = "a secret of the benchmark, over thirty-two bytes"
CONNECTIONS = 4
START_MS = 1_767_225_600_000

order = ef.event("order", amount=ef.decimal(2), genre=ef.enum("rock", "jazz", "folk"))
spec = ef.Spec(
    "bench",
    events=[order],
    features={
        "orders": ef.count(order),
        "orders_90d": ef.count(order, within=ef.days(90)),
        "spent_30d": ef.total(order.amount, within=ef.days(30)),
        "amount_mean": ef.mean(order.amount, default=0),
        "days_since": ef.time_since_last(order, unit=ef.days(1)),
        "last_genre": ef.last(order.genre),
        "by_genre": ef.count_by(order.genre),
    },
)


def serve_diffs(folder: str, ready: Connection) -> None:
    """Serve the sync API on a new SQLite file."""
    reducer = Path(folder) / "reducer.json"
    reducer.write_text(spec.to_json(), "utf-8")
    app = create_app(
        {
            "EDGEFOLD_SECRET": SECRET,
            "EDGEFOLD_SPEC": reducer,
            "EDGEFOLD_DATABASE_URL": f"sqlite:///{folder}/bench.db",
            "EDGEFOLD_REQUESTS_PER_SECOND": 1_000_000,
        }
    )
    run(app, "127.0.0.1", 0, started=ready.send)


def serve_nothing(folder: str, ready: Connection) -> None:
    """Serve a route that does nothing."""
    app = Flask("empty")
    app.add_url_rule("/v1/diffs", view_func=lambda: "", methods=["POST"])
    run(app, "127.0.0.1", 0, started=ready.send)


def requests_of(connection: int, start: int, count: int) -> list[bytes]:
    """Return HTTP requests of one device each, in its own subject: the events start + 1 .. start + count, one a diff."""
    replica = f"{connection:032x}"
    token = issue_token(SECRET, f"subject {connection}", 1)
    found = []
    for seq in range(start + 1, start + count + 1):
        data = {"amount": seq % 90, "genre": ("rock", "jazz", "folk")[seq % 3]}
        event = {"type": "order", "time": START_MS + seq * 60_000, "seq": seq, "data": data}
        diff = {
            "replica": replica,
            "spec": spec.id,
            "epoch": 0,
            "from": seq,
            "to": seq,
            "prev": f"event{seq - 1:06}" if seq > 1 else "",
            "ids": [f"event{seq:06}"],
            "delta": ef.fold(spec, [event], replica).members(),
        }
        body = json.dumps(diff, separators=(",", ":")).encode()
        head = f"POST /v1/diffs HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        found.append(head.encode() + body)
    return found


def ask(address: str, requests: list[bytes], expected: bytes, failures: list[bytes]) -> None:
    """Send requests one after the other on one connection; each answer must hold what is expected."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            answer = connection.recv(65_536)
            while True:
                head, separator, body = answer.partition(b"\r\n\r\n")
                if separator and len(body) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
                    break
                answer += connection.recv(65_536)
            if not head.startswith(b"HTTP/1.1 200") or expected not in body:
                failures.append(answer)
                return


def measure(address: str, requests: list[list[bytes]], expected: bytes) -> float:
    """Return the requests answered in a second, over all connections."""
    failures: list[bytes] = []
    threads = [threading.Thread(target=ask, args=(address, each, expected, failures)) for each in requests]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if failures:
        raise SystemExit(f"a request failed: {failures[0][:500]!r}")
    return sum(map(len, requests)) / seconds


def main(count: int, rounds: int) -> None:
    """Measure both and print the figures."""
    each = count // CONNECTIONS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        servers: list[Any] = []
        addresses: dict[str, str] = {}
        for name, serve in (("diffs", serve_diffs), ("empty", serve_nothing)):
            receive, ready = multiprocessing.Pipe(duplex=False)
            server = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, ready))
            server.start()
            servers.append(server)
            addresses[name] = receive.recv()
        try:
            rates: dict[str, list[float]] = {"diffs": [], "empty": []}
            for number in range(rounds + 1):
                requests = [requests_of(c, number * each, each) for c in range(CONNECTIONS)]
                empty = measure(addresses["empty"], requests, b"")
                diffs = measure(addresses["diffs"], requests, b'"outcome":"applied"')
                if number > 0:  # the first warms up
                    rates["empty"].append(empty)
                    rates["diffs"].append(diffs)
        finally:
            for server in servers:
                server.terminate()
                server.join()
    diffs, empty = (statistics.median(rates[name]) for name in ("diffs", "empty"))
    print(
        json.dumps(
            {
                "benchmark": "POST /v1/diffs",
                "requests": each * CONNECTIONS,
                "connections": CONNECTIONS,
                "rounds": rounds,
                "diffs_per_second": round(diffs),
                "empty_route_per_second": round(empty),
                "ratio": round(diffs / empty, 3),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
