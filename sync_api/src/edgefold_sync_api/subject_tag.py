"""The tag of a subject: by it a device sees whose answers it gets, without learning a name."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Engine, select

from .database import reading, writing
from .schema import settings
from .store import insert_missing

KEY = "subject_tag_key"
TAG_DIGITS = 32
CACHED_TAGS = 4_096


@dataclass(frozen=True)
class SubjectTags:
    """The key of all tags; a tag is the first 32 hex digits of HMAC-SHA256(key, subject)."""

    key: str

    def tag(self, subject: str) -> str:
        """Return a subject's tag."""
        return _tag(self.key, subject)


def open_subject_tags(engine: Engine, secret: str) -> SubjectTags:
    """Return the tags of a database.

    The key comes from the first secret that the database saw and stays: another secret changes no tag, since a changed tag
    means another person to every device. Of several workers that start at once, one stores it.
    """
    derived = hmac.digest(secret.encode(), b"edgefold subject tag", "sha256").hex()
    with reading(engine) as connection:
        key = connection.scalar(_KEY)
    if key is None:
        with writing(engine) as connection:
            insert_missing(connection, settings, {"name": KEY, "value": derived})
            key = connection.scalar(_KEY)
    return SubjectTags(str(key))


_KEY = select(settings.c.value).where(settings.c.name == KEY)


@lru_cache(maxsize=CACHED_TAGS)
def _tag(key: str, subject: str) -> str:
    return hmac.new(bytes.fromhex(key), subject.encode(), hashlib.sha256).hexdigest()[:TAG_DIGITS]
