"""Import in bulk: what the operator already knows of many subjects. Repeating an import changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from operator import itemgetter
from typing import Any, TypeVar

import edgefold_reducer as ef
from edgefold_reducer.canonical import parse_json
from flask import Flask
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from .database import writing
from .errors import InvalidImport, SpecMismatch
from .profiles import to_text
from .schema import MAX_SUBJECT_CHARACTERS, subjects
from .server import EXTENSION, Server
from .tokens import is_subject

Given = TypeVar("Given")
BATCH = 5_000
"""Subjects in a transaction; another writer waits no longer than one takes."""


def import_profiles(target: Flask | Server, rows: Iterable[tuple[str, ef.Profile | Mapping[str, Any]]]) -> int:
    """Make each profile the subject's imported one, in place of an earlier import; return the number stored.

    What an earlier import counted by another spec stays, and tells since when it may lack events.
    An erased subject is passed over: what was erased does not come back. Every row is checked before any is stored.

    Raises:
        InvalidImport: a row's subject or profile is refused.
    """
    server = _server(target)
    return _store_profiles(server, [_profile_row(server, row, *given) for row, given in enumerate(rows, start=1)])


def import_attributes(target: Flask | Server, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
    """Set each subject's attributes, in place of those it had; return the number stored. Else as ``import_profiles``."""
    server = _server(target)
    return _store_attributes(server, [_attributes_row(server, row, *given) for row, given in enumerate(rows, start=1)])


def import_lines(target: Flask | Server, lines: Iterable[bytes]) -> tuple[int, int]:
    """Import JSON Lines of ``{"subject", "profile"?, "attributes"?}``; return how many profiles and attributes were stored.

    Raises:
        InvalidImport: a line is refused; ``row`` is its number.
    """
    server = _server(target)
    profiles, attributes = [], []
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        members = _members(row, line)
        if "profile" in members:
            profiles.append(_profile_row(server, row, members["subject"], members["profile"]))
        if "attributes" in members:
            attributes.append(_attributes_row(server, row, members["subject"], members["attributes"]))
    return _store_profiles(server, profiles), _store_attributes(server, attributes)


def _members(row: int, line: bytes) -> dict[str, Any]:
    try:
        members = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise InvalidImport(row, "the line", line, f"JSON ({error})") from None
    if not isinstance(members, dict) or not {"subject"} <= members.keys() <= {"subject", "profile", "attributes"}:
        raise InvalidImport(row, "the line", members, "an object with subject, and profile or attributes")
    return members


def _server(target: Flask | Server) -> Server:
    server: Server = target.extensions[EXTENSION] if isinstance(target, Flask) else target
    return server


def _subject(row: int, value: object) -> str:
    if not is_subject(value):
        raise InvalidImport(row, "subject", value, f"1 to {MAX_SUBJECT_CHARACTERS} printable characters")
    return str(value)


def _profile_row(server: Server, row: int, subject: object, profile: object) -> tuple[str, ef.Profile]:
    name = _subject(row, subject)
    members = profile.members() if isinstance(profile, ef.Profile) else profile
    if not isinstance(members, Mapping):
        raise InvalidImport(row, "profile", members, "a profile")
    try:
        return name, ef.Profile.from_json(_spec_of(server, members), members)
    except (ef.InvalidProfile, SpecMismatch) as error:
        raise InvalidImport(row, "profile", members, f"a profile of one of the server's specs ({error})") from error


def _spec_of(server: Server, profile: Mapping[str, Any]) -> ef.Spec:
    given = profile.get("spec")
    return server.catalogue.spec(given) if isinstance(given, str) else server.catalogue.newest


def _attributes_row(server: Server, row: int, subject: object, attributes: object) -> tuple[str, str]:
    name = _subject(row, subject)
    if not isinstance(attributes, Mapping):
        raise InvalidImport(row, "attributes", attributes, "an object")
    for attribute, value in attributes.items():
        _check_attribute(server, row, attribute, value)
    given = {attribute: value for attribute, value in attributes.items() if value is not None}
    return name, ef.canonical_json(given).decode()


def _check_attribute(server: Server, row: int, attribute: str, value: object) -> None:
    """A live spec takes the attribute: the newest, else another that devices still use."""
    try:
        ef.validate_attributes(server.catalogue.newest, {attribute: value})
    except ef.InvalidAttribute as error:
        for spec in server.catalogue.specs():
            with suppress(ef.InvalidAttribute):
                ef.validate_attributes(spec, {attribute: value})
                return
        raise InvalidImport(row, f"attributes.{error.attribute}", error.value, error.expected) from error


def _store_profiles(server: Server, rows: list[tuple[str, ef.Profile]]) -> int:
    def texts(connection: Connection, batch: dict[str, ef.Profile]) -> dict[str, str]:
        earlier = select(subjects.c.subject, subjects.c.imported).where(subjects.c.subject.in_(batch))
        before = {subject: text for subject, text in connection.execute(earlier) if text is not None}
        return {subject: _kept_text(server, profile, before.get(subject)) for subject, profile in batch.items()}

    return _store(server, "imported", rows, texts)


def _kept_text(server: Server, profile: ef.Profile, before: str | None) -> str:
    over = None if before is None else server.profiles.read(before)
    return to_text(ef.keep(profile, over=over).members())


def _store_attributes(server: Server, rows: list[tuple[str, str]]) -> int:
    return _store(server, "attributes", rows, lambda connection, batch: batch)


def _store(
    server: Server,
    member: str,
    rows: list[tuple[str, Given]],
    texts: Callable[[Connection, dict[str, Given]], dict[str, str]],
) -> int:
    dialect = postgresql if server.engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(subjects)
    new = {"subject": bindparam("subject"), "epoch": 0, "attributes": "{}", member: bindparam("value")}
    statement = insert.values(new).on_conflict_do_update(
        index_elements=["subject"], set_={member: insert.excluded[member]}, where=subjects.c.erased_at_ms.is_(None)
    )
    latest = sorted(
        dict(rows).items(), key=itemgetter(0)
    )  # in one order, so that two imports can't wait for each other
    stored = 0
    for start in range(0, len(latest), BATCH):
        batch = dict(latest[start : start + BATCH])
        with writing(server.engine) as connection:
            erased = batch.keys() & set(connection.scalars(_ERASED))
            values = texts(connection, batch)
            connection.execute(statement, [{"subject": subject, "value": text} for subject, text in values.items()])
            stored += len(batch) - len(erased)
    return stored


_ERASED = select(subjects.c.subject).where(subjects.c.erased_at_ms.is_not(None))
