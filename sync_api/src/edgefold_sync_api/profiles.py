"""Kept profiles as the database has them: JSON text, read, carried and merged at most once while it is in use."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, reduce
from typing import Any

import edgefold_reducer as ef

from .catalogue import Catalogue
from .errors import InvalidProfile, SpecMismatch

CACHED_TEXTS = 2_048
CACHED_MERGES = 512
NOTHING = ef.Kept(None, {})


class Profiles:
    """Reads and writes the texts of one database, whose specs are in its catalogue. Safe to use from several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: OrderedDict[str, ef.Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._one = lru_cache(CACHED_TEXTS)(self._carry_one)
        self._all = lru_cache(CACHED_MERGES)(self._carry_all)
        self._answers = lru_cache(CACHED_MERGES)(self._texts_of)

    def write(self, kept: ef.Kept) -> str:
        """Return the text of a kept profile; ``read`` gives it back without parsing it again."""
        text = to_text(kept.members())
        self._remember(text, kept)
        return text

    def read(self, text: str) -> ef.Kept:
        """Return what the database has. A text of before specs were kept side by side is a profile, read by its own spec."""
        with self._lock:
            known = self._known.get(text)
        if known is not None:
            return known
        members = json.loads(text)
        by: list[ef.Spec] = []
        if "spec" in members:
            with suppress(SpecMismatch):
                by = [self._catalogue.spec(members["spec"])]
        kept = ef.Kept.from_json(members, by)
        self._remember(text, kept)
        return kept

    def carry(self, spec: ef.Spec, texts: Sequence[str]) -> ef.Carried:
        """Return the merge of stored contributions as a profile of a spec, and since when its aggregates count that may lack events."""
        return self._all(spec, tuple(texts))

    def answer(self, spec: ef.Spec, texts: Sequence[str]) -> tuple[str, str]:
        """Return ``carry`` as JSON text: the profile, and since when."""
        return self._answers(spec, tuple(texts))

    def _carry_one(self, spec: ef.Spec, text: str) -> ef.Carried:
        return ef.carry(spec, self.read(text))

    def _carry_all(self, spec: ef.Spec, texts: tuple[str, ...]) -> ef.Carried:
        return merge_carried(spec, [self._one(spec, text) for text in texts])

    def _texts_of(self, spec: ef.Spec, texts: tuple[str, ...]) -> tuple[str, str]:
        carried = self._all(spec, texts)
        return to_text(carried.profile.members()), to_text(dict(carried.since_ms))

    def merge(self, texts: Sequence[str]) -> str:
        """Return the text of what stored contributions hold together, whichever specs they are of."""
        specs = self._catalogue.specs()
        return self.write(reduce(lambda a, b: ef.merge_kept(specs, a, b), map(self.read, texts)))

    def _remember(self, text: str, kept: ef.Kept) -> None:
        with self._lock:
            self._known[text] = kept
            if len(self._known) > CACHED_TEXTS:
                self._known.popitem(last=False)


def to_text(members: Any) -> str:
    """Return the text of a JSON value, the same for the same value."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"))


def merge_carried(spec: ef.Spec, parts: Iterable[ef.Carried]) -> ef.Carried:
    """Return the merge of what was carried to a spec: an aggregate counts all events since all of its parts do."""
    whole = ef.empty_profile(spec)
    since_ms: dict[str, int] = {}
    for number, part in enumerate(parts):
        whole = part.profile if number == 0 else ef.merge(spec, whole, part.profile)
        for name, since in part.since_ms.items():
            since_ms[name] = max(since, since_ms.get(name, 0))
    return ef.Carried(whole, since_ms)


def keep_over(before: ef.Kept, delta: ef.Profile, since_ms: Mapping[str, int], is_same: bool) -> ef.Kept:
    """Return what is kept of a whole contribution, over what was kept of it.

    Where it is of the same events, what other specs counted of them lacks none of these: a profile alone can't tell that.
    """
    after = ef.keep(delta, since_ms, before)
    if not is_same:
        return after
    others = after.entries.keys() - delta.spec.aggregates.keys()
    same = {name: replace(after.entries[name], since_ms=before.entries[name].since_ms) for name in others}
    return replace(after, entries={**after.entries, **same})


def check_readable(text: str, delta: ef.Profile, before: ef.Kept) -> None:
    """Check that what is stored of ``before`` and a delta can be read: only sums grow past what a reader takes, and have long numbers.

    Raises:
        InvalidProfile: the delta's numbers, with those of before, are past it.
    """
    if _LONG_NUMBER.search(text) is None:
        return
    spec = delta.spec
    try:
        ef.Profile.from_json(spec, ef.merge(spec, ef.carry(spec, before).profile, delta).members())
    except ef.InvalidProfile as error:
        raise InvalidProfile(error.where, error.value, error.expected) from None


_LONG_NUMBER = re.compile(r"""[:\[,]"?-?(?:\d{16,20}|\d{40,})[",}\]]""")
"""One past 2^53, of two that are not; a replica's id has more digits."""


@lru_cache(maxsize=CACHED_TEXTS)
def attributes(spec: ef.Spec, text: str) -> dict[str, Any]:
    """Return stored attributes, those that the spec declares and takes."""
    taken: dict[str, Any] = {}
    for name, value in json.loads(text).items():
        with suppress(ef.InvalidAttribute):
            ef.validate_attributes(spec, {name: value})
            taken[name] = value
    return taken
