"""The tables. Profiles and ids are text: every database keeps it to the byte, NUL escaped as JSON does."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, MetaData, String, Table, Text

MAX_SUBJECT_CHARACTERS = 255
MAX_BUNDLE_CHARACTERS = 255

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
"""What the database itself remembers for all workers: the key of the subjects' tags, the revision of the catalogue."""

specs = Table(
    "specs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("published_at_ms", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)
"""Every spec that devices may use. ``revision`` is the catalogue's when it last came into effect: the newest spec has the largest."""

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Every file of every bundle that was published; none is removed, since a device may ask for it long after."""

bundles = Table(
    "bundles",
    metadata,
    Column("name", String(MAX_BUNDLE_CHARACTERS), primary_key=True),
    Column("manifest", ForeignKey("blobs.sha256"), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("spec", ForeignKey("specs.id"), nullable=False),
    Column("published_at_ms", BigInteger, nullable=False),
    Column("is_active", Boolean, nullable=False),
)
"""Every bundle that was published, by its name and its manifest's SHA-256; one of each name is active."""

configured = Table(
    "configured",
    metadata,
    Column("part", String(MAX_BUNDLE_CHARACTERS + 45), primary_key=True),
    Column("value", String(64), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("seen_at_ms", BigInteger, nullable=False),
)
"""What processes were started with. Of each part the row with the largest ``revision`` is in force; a process that has it tells so by ``seen_at_ms``."""

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
