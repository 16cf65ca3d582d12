"""The database: SQLite in durable WAL mode, or PostgreSQL, and the upgrade of its schema at start."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import alembic.command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError

from .errors import InvalidConfiguration, Unavailable

LOCK_WAIT_S = 30
_MIGRATION_LOCK = 0x6564676566  # any number of ours: the ASCII of "edgef"
_BACKENDS = ("sqlite", "postgresql")
_SQLITE_WRITER = threading.Lock()
"""SQLite has one writer at a time, and sleeps between tries: the threads of a process take turns without."""


def open_database(url: str) -> Engine:
    """Return an engine on the database, its schema brought up to date.

    Raises:
        InvalidConfiguration: the URL is not of SQLite or PostgreSQL, or nothing answers there.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if backend not in _BACKENDS:
            raise InvalidConfiguration(
                "EDGEFOLD_DATABASE_URL", backend, "sqlite:///<file> or postgresql://<host>/<name>"
            )
        if backend == "sqlite" and not parsed.database:
            raise InvalidConfiguration(
                "EDGEFOLD_DATABASE_URL", url, "sqlite:///<file>; a database in memory is lost at the end"
            )
        engine = create_engine(parsed, hide_parameters=True, **_options(backend))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidConfiguration(
            "EDGEFOLD_DATABASE_URL", url.partition(":")[0], f"a database URL ({error})"
        ) from error
    if backend == "sqlite":
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _upgrade(engine)
    except SQLAlchemyError as error:
        shown = parsed.render_as_string(hide_password=True)
        raise InvalidConfiguration("EDGEFOLD_DATABASE_URL", shown, f"a database that answers ({error})") from error
    return engine


def _options(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"connect_args": {"timeout": LOCK_WAIT_S}, "pool_size": 32}
    return {"pool_pre_ping": True, "pool_size": 16, "connect_args": {"options": f"-c lock_timeout={LOCK_WAIT_S}s"}}


def _open_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # this module says BEGIN itself
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock first: one that read before it wrote could not wait for another, and would fail at once.
    reads = connection.get_execution_options().get("reads", False)
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads, from one snapshot."""
    with _available(), engine.connect() as plain:
        level = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        connection = plain.execution_options(reads=True, **level)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; it commits at the end, durably, unless an error leaves it."""
    turn = _SQLITE_WRITER if engine.dialect.name == "sqlite" else nullcontext()
    with _available(), turn, engine.begin() as connection:
        yield connection


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except (InterfaceError, OperationalError, sqlite3.OperationalError) as error:
        raise Unavailable(type(getattr(error, "orig", error)).__name__) from error


def _upgrade(engine: Engine) -> None:
    """Bring the schema up to date; several workers that start at once wait for each other."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")
