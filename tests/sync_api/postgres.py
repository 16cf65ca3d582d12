"""A real PostgreSQL of the tests' own, where one is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HOME = Path("/usr/lib/postgresql")


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of an empty database: EDGEFOLD_TEST_POSTGRES_URL, or that of a server started for the block.

    Skips the test where there is neither a URL nor a PostgreSQL.
    """
    named = os.environ.get("EDGEFOLD_TEST_POSTGRES_URL")
    if named is not None:
        yield named
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL is installed, and EDGEFOLD_TEST_POSTGRES_URL names no database")
    with tempfile.TemporaryDirectory(prefix="edgefold-pg-") as place, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        owner = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if owner is not None:
            shutil.chown(place, owner)
        data = f"{place}/data"

        def run(binary: str, *arguments: str) -> None:
            command = [str(binaries / binary), *arguments]
            subprocess.run(command, check=True, user=owner, cwd=place, stdout=subprocess.DEVNULL, timeout=240)

        run("initdb", "--pgdata", data, "--auth", "trust", "--username", "postgres", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "--pgdata", data, "--options", options, "--log", f"{place}/log", "--wait", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "--pgdata", data, "--mode", "immediate", "--wait", "stop")


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return next((path.parent for path in sorted(HOME.glob("*/bin/initdb"), reverse=True)), None)
