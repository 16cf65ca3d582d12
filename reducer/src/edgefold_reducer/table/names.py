"""Names of columns: found as they are written, and a near one suggested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MAX_SHOWN = 20


def near(name: str, there: Iterable[str]) -> str | None:
    """Return the name of those there that ``name`` was most likely meant to be, if any."""
    folded: dict[str, str] = {}
    for other in there:
        if other != name:
            folded.setdefault(_folded(other), other)
    found = get_close_matches(_folded(name), folded, n=1, cutoff=0.75)
    return folded[found[0]] if found else None


def listed(names: Sequence[str]) -> str:
    """Return names as text, cut where there are many."""
    more = [f"and {len(names) - MAX_SHOWN} more"] if len(names) > MAX_SHOWN else []
    return ", ".join([*names[:MAX_SHOWN], *more]) or "none"


def differs_in_case(name: str, there: Iterable[str]) -> str | None:
    """Return the name of those there that differs from ``name`` in case, spaces or underscores only, if any."""
    return next((other for other in there if other != name and _folded(other) == _folded(name)), None)


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum()) or name
