"""Canonical JSON (RFC 8785), the form whose bytes are compared and hashed."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import rfc8785

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every language holds exactly in a number."""


def canonical_json(value: Any) -> bytes:
    """Return the canonical text of a JSON value, as UTF-8 bytes (RFC 8785)."""
    return rfc8785.dumps(value)


def content_hash(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, in lower-case hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def parse_json(text: str | bytes) -> Any:
    """Parse JSON text; a member given twice raises ValueError, since languages differ on which one counts."""
    return json.loads(text, object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"member {next(n for n in names if names.count(n) > 1)!r} is given twice")
    return members


def safe_integer(value: object) -> int | None:
    """Return value as an int where it is an integral number with |value| < 2^53, else None.

    An integral float counts (JavaScript can't tell ``3.0`` from ``3``); a boolean never does.
    """
    if type(value) is int:
        return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= MAX_SAFE_INTEGER else None
    held = plain(value)
    return None if held is value else safe_integer(held)


def plain(value: Any) -> Any:
    """Return the Python value that a numpy scalar holds, anything else as it is; a time of numpy's is no number.

    It loads no numpy: where nobody has, no value is one of its scalars.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.bool_ | numpy.number | numpy.str_):
        return value
    return value if isinstance(value, numpy.timedelta64) else value.item()


def encode_integer(value: int) -> int | str:
    """Return an exact integer as JSON: a number while every language holds it, else its digits."""
    return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else str(value)


def decode_integer(value: object) -> int | None:
    """Return the integer that ``encode_integer`` wrote, or None where it can't have."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and digits[0] != "0" and len(digits) <= 40):
            return None
        return int(value) if abs(int(value)) > MAX_SAFE_INTEGER else None
    return safe_integer(value)
