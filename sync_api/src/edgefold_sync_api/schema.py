"""The tables. Profiles and ids are text: every database keeps it to the byte, NUL escaped as JSON does."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, MetaData, String, Table, Text

MAX_SUBJECT_CHARACTERS = 255

metadata = MetaData()

subjects = Table(
    "subjects",
    metadata,
    Column("subject", String(MAX_SUBJECT_CHARACTERS), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("imported", Text),
    Column("retired", Text),
    Column("attributes", Text, nullable=False),
    Column("erased_at_ms", BigInteger),
)
"""``imported`` and ``retired`` are profiles whose merge is the subject's base; ``erased_at_ms`` makes the row a tombstone too."""

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""What the database itself remembers for all workers."""

contributions = Table(
    "contributions",
    metadata,
    Column("subject", ForeignKey("subjects.subject", ondelete="CASCADE"), primary_key=True),
    Column("replica", String(32), primary_key=True),
    Column("acked", BigInteger, nullable=False),
    Column("recent", Text, nullable=False),
    Column("profile", Text),
    Column("seen_at_ms", BigInteger, nullable=False),
    Column("is_retired", Boolean, nullable=False),
)
"""``recent`` holds ids with a space between; its last is the head. A retired row keeps no profile."""
