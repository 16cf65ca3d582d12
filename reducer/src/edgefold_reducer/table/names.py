"""Names of columns: found as they are written, and a near one suggested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MAX_SHOWN = 20


LIKELY = {
    "subject": ("subject", "customer", "user", "client", "account", "member", "visitor"),
    "time": ("time", "date", "ts"),
}
"""What the names of such columns mostly contain."""


def near(name: str, there: Iterable[str]) -> str | None:
    """Return the name of those there that ``name`` was most likely meant to be, if any."""
    there = list(there)
    folded: dict[str, str] = {}
    for other in there:
        if other != name:
            folded.setdefault(_folded(other), other)
    found = get_close_matches(_folded(name), folded, n=1, cutoff=0.75)
    if found:
        return folded[found[0]]
    words = LIKELY.get(name, ())
    return next((other for word in words for other in there if word in _folded(other) and other != name), None)


def listed(names: Sequence[str]) -> str:
    """Return names as text, cut where there are many."""
    more = [f"and {len(names) - MAX_SHOWN} more"] if len(names) > MAX_SHOWN else []
    return ", ".join([*names[:MAX_SHOWN], *more]) or "none"


def differs_in_case(name: str, there: Iterable[str]) -> str | None:
    """Return the name of those there that differs from ``name`` in case, spaces or underscores only, if any."""
    return next((other for other in there if other != name and _folded(other) == _folded(name)), None)


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum()) or name
