"""What the database keeps of a subject: read in one snapshot, or locked and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .decide import RETIRED, Timeline
from .diff import MAX_EVENTS
from .schema import contributions, subjects


@dataclass(frozen=True)
class Contribution:
    """What one replica gave: its timeline, its profile (None once it is retired), and when it last stored something."""

    recent_text: str
    acked: int
    profile: str | None
    seen_at_ms: int
    is_retired: bool

    @property
    def timeline(self) -> Timeline:
        """The replica's events."""
        return Timeline(self.acked, tuple(self.recent_text.split()))


@dataclass(frozen=True)
class Subject:
    """What is stored of a subject; one that was never written is in epoch 0 with nothing. Profiles are JSON text."""

    subject: str
    epoch: int = 0
    imported: str | None = None
    retired: str | None = None
    attributes: str = "{}"
    erased_at_ms: int | None = None
    is_stored: bool = False
    replicas: Mapping[str, Contribution] = field(default_factory=dict)

    def timeline(self, replica: str | None) -> Timeline:
        """Return the timeline of a replica; an unknown one has no events."""
        known = self.replicas.get(replica) if replica is not None else None
        return Timeline() if known is None else known.timeline

    def base(self) -> list[str]:
        """Return the profiles whose merge is the base."""
        return [text for text in (self.imported, self.retired) if text is not None]

    def profiles(self, without: str | None = None) -> list[str]:
        """Return the profiles whose merge is the subject's, but for one replica's."""
        given = [
            each.profile for replica, each in self.replicas.items() if replica != without and each.profile is not None
        ]
        return self.base() + given

    def recent_elsewhere(self, replica: str) -> set[str]:
        """Return the recent ids of all other replicas."""
        return {
            event_id for name, each in self.replicas.items() if name != replica for event_id in each.recent_text.split()
        }


_SUBJECT = select(subjects).where(subjects.c.subject == bindparam("key"))
_SUBJECT_LOCKED = _SUBJECT.with_for_update()
_REPLICAS = select(contributions).where(contributions.c.subject == bindparam("key")).order_by(contributions.c.replica)


def read_subject(connection: Connection, subject: str) -> Subject:
    """Return a subject from the connection's snapshot."""
    return _subject(connection, subject, connection.execute(_SUBJECT, {"key": subject}).first())


def lock_subject(connection: Connection, subject: str) -> Subject:
    """Return a subject that nobody else writes until the transaction ends (SQLite has locked it at BEGIN)."""
    row = connection.execute(_SUBJECT_LOCKED, {"key": subject}).first()
    if row is None and connection.dialect.name == "postgresql":
        # Only a row can be locked; a rollback takes it away again.
        put_subject(connection, subject)
        row = connection.execute(_SUBJECT_LOCKED, {"key": subject}).first()
    return _subject(connection, subject, row)


def _subject(connection: Connection, subject: str, row: Any) -> Subject:
    if row is None:
        return Subject(subject)
    replicas = {
        replica: Contribution(recent, acked, profile, seen_at_ms, is_retired)
        for _, replica, acked, recent, profile, seen_at_ms, is_retired in connection.execute(
            _REPLICAS, {"key": subject}
        )
    }
    return Subject(**row._mapping, is_stored=True, replicas=replicas)


def put_contribution(
    connection: Connection, held: Subject, replica: str, timeline: Timeline, profile: str, now_ms: int
) -> None:
    """Store a replica's contribution, new or changed."""
    if not held.is_stored:
        put_subject(connection, held.subject)
    values = {"acked": timeline.acked, "recent": " ".join(timeline.recent), "profile": profile, "seen_at_ms": now_ms}
    if replica in held.replicas:
        connection.execute(_CHANGE, {"key": held.subject, "who": replica} | values)
    else:
        connection.execute(
            insert(contributions), {"subject": held.subject, "replica": replica, "is_retired": False} | values
        )


_CHANGE = (
    update(contributions)
    .where(contributions.c.subject == bindparam("key"), contributions.c.replica == bindparam("who"))
    .values({name: bindparam(name) for name in ("acked", "recent", "profile", "seen_at_ms")})
)


def retire(connection: Connection, held: Subject, replica: str, retired: str | None) -> None:
    """End a replica: ``retired`` is the merge of what was retired before and its profile; its timeline goes on by no event of its own."""
    known = held.replicas[replica]
    recent = (*known.recent_text.split(), RETIRED)[-MAX_EVENTS:]
    connection.execute(
        update(contributions)
        .where(contributions.c.subject == held.subject, contributions.c.replica == replica)
        .values(acked=known.acked + 1, recent=" ".join(recent), profile=None, is_retired=True)
    )
    connection.execute(update(subjects).where(subjects.c.subject == held.subject).values(retired=retired))


def put_subject(connection: Connection, subject: str, **values: Any) -> None:
    """Store members of a subject, new or changed."""
    row = {"subject": subject, "epoch": 0, "attributes": "{}"} | values
    if values:
        put_row(connection, subjects, row, values)
    else:
        insert_missing(connection, subjects, row)


def put_row(connection: Connection, table: Table, row: Mapping[str, Any], change: Mapping[str, Any]) -> None:
    """Insert a row; where its key is there, make the change instead."""
    key = [column.name for column in table.primary_key]
    connection.execute(_insert(connection)(table).values(row).on_conflict_do_update(index_elements=key, set_=change))


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row unless its key is there; of several writers at once, one does."""
    connection.execute(_insert(connection)(table).values(row).on_conflict_do_nothing())


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def erase(connection: Connection, subject: str, epoch: int, now_ms: int) -> None:
    """Remove everything of a subject; a tombstone with the epoch stays."""
    connection.execute(delete(contributions).where(contributions.c.subject == subject))
    put_subject(connection, subject, epoch=epoch, imported=None, retired=None, attributes="{}", erased_at_ms=now_ms)
