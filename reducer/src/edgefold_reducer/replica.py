"""The name of a replica: one device's storage."""

from __future__ import annotations

import re

from .errors import InvalidReplica

MAX_REPLICA_CHARACTERS = 64
REPLICA_PATTERN = "[A-Za-z0-9_-]{0,64}"
_REPLICA = re.compile(REPLICA_PATTERN)


def is_replica(value: object) -> bool:
    """Whether value names a replica: ASCII, so that its order is the same everywhere."""
    return isinstance(value, str) and _REPLICA.fullmatch(value) is not None


def check_replica(value: object) -> str:
    """Return value where it names a replica, else raise InvalidReplica."""
    if not isinstance(value, str) or not is_replica(value):
        raise InvalidReplica(value)
    return value
