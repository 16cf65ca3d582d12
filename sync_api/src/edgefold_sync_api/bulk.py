"""Import in bulk: what the operator already knows of many subjects. Repeating an import changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import edgefold_reducer as ef
from flask import Flask
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from .database import writing
from .errors import InvalidImport
from .schema import MAX_SUBJECT_CHARACTERS, subjects
from .server import EXTENSION, Server
from .tokens import is_subject

BATCH = 5_000
"""Subjects in a transaction; another writer waits no longer than one takes."""


def import_profiles(target: Flask | Server, rows: Iterable[tuple[str, ef.Profile | Mapping[str, Any]]]) -> int:
    """Make each profile the subject's imported one, in place of an earlier import; return the number stored.

    An erased subject is passed over: what was erased does not come back. Every row is checked before any is stored.

    Raises:
        InvalidImport: a row's subject or profile is refused.
    """
    server = _server(target)
    checked = [
        (_subject(row, subject), _profile_text(server.catalogue.spec, row, profile))
        for row, (subject, profile) in enumerate(rows, start=1)
    ]
    return _store(server, "imported", checked)


def import_attributes(target: Flask | Server, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
    """Set each subject's attributes, in place of those it had; return the number stored. Else as ``import_profiles``."""
    server = _server(target)
    checked = [
        (_subject(row, subject), _attributes_text(server.catalogue.spec, row, attributes))
        for row, (subject, attributes) in enumerate(rows, start=1)
    ]
    return _store(server, "attributes", checked)


def _server(target: Flask | Server) -> Server:
    server: Server = target.extensions[EXTENSION] if isinstance(target, Flask) else target
    return server


def _subject(row: int, value: object) -> str:
    if not is_subject(value):
        raise InvalidImport(row, "subject", value, f"1 to {MAX_SUBJECT_CHARACTERS} printable characters")
    return str(value)


def _profile_text(spec: ef.Spec, row: int, profile: object) -> str:
    members = profile.members() if isinstance(profile, ef.Profile) else profile
    if not isinstance(members, Mapping):
        raise InvalidImport(row, "profile", members, "a profile")
    try:
        return ef.Profile.from_json(spec, members).to_json().decode()
    except (ef.InvalidProfile, ef.SpecMismatch) as error:
        raise InvalidImport(row, "profile", members, f"a profile of the server's spec ({error})") from error


def _attributes_text(spec: ef.Spec, row: int, attributes: object) -> str:
    if not isinstance(attributes, Mapping):
        raise InvalidImport(row, "attributes", attributes, "an object")
    try:
        ef.validate_attributes(spec, attributes)
    except ef.InvalidAttribute as error:
        raise InvalidImport(row, f"attributes.{error.attribute}", error.value, error.expected) from error
    given = {name: value for name, value in attributes.items() if value is not None}
    return ef.canonical_json(given).decode()


def _store(server: Server, member: str, rows: list[tuple[str, str]]) -> int:
    dialect = postgresql if server.engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(subjects)
    new = {"subject": bindparam("subject"), "epoch": 0, "attributes": "{}", member: bindparam("value")}
    statement = insert.values(new).on_conflict_do_update(
        index_elements=["subject"], set_={member: insert.excluded[member]}, where=subjects.c.erased_at_ms.is_(None)
    )
    latest = sorted(dict(rows).items())  # in one order, so that two imports can't wait for each other
    stored = 0
    for start in range(0, len(latest), BATCH):
        batch = dict(latest[start : start + BATCH])
        with writing(server.engine) as connection:
            erased = batch.keys() & set(connection.scalars(_ERASED))
            connection.execute(statement, [{"subject": subject, "value": text} for subject, text in batch.items()])
            stored += len(batch) - len(erased)
    return stored


_ERASED = select(subjects.c.subject).where(subjects.c.erased_at_ms.is_not(None))
