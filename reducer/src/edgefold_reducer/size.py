"""The worst case of a profile's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .canonical import MAX_SAFE_INTEGER
from .plan import plan_of

if TYPE_CHECKING:
    from .spec import Spec


def max_profile_bytes(spec: Spec) -> int:
    """Return the most bytes that a profile takes as canonical JSON, whatever its events."""
    envelope = len('{"last_ms":,"spec":"","state":{}}') + len(str(MAX_SAFE_INTEGER)) + len(spec.id)
    states = sum(len('"":,') + len(name) + held.max_bytes() for name, held in plan_of(spec).aggregates.items())
    return envelope + states
