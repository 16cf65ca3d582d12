"""Profiles as the database keeps them: JSON text, parsed and merged at most once while it is in use."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import edgefold_reducer as ef

CACHED_TEXTS = 2_048
CACHED_MERGES = 512

_written: OrderedDict[tuple[str, str], ef.Profile] = OrderedDict()
_lock = threading.Lock()


def write(profile: ef.Profile) -> str:
    """Return the text of a profile; ``parse`` gives the profile back without reading it again."""
    text = to_text(profile)
    _remember(profile.spec, text, profile)
    return text


def to_text(profile: ef.Profile) -> str:
    """Return the text of a profile, the same for the same profile."""
    return json.dumps(profile.members(), sort_keys=True, separators=(",", ":"))


def parse(spec: ef.Spec, text: str) -> ef.Profile:
    """Return a stored profile. Of an earlier spec's, the states of the aggregates that are unchanged are kept."""
    with _lock:
        known = _written.get((spec.id, text))
    if known is not None:
        return known
    members = json.loads(text)
    if members["spec"] == spec.id:
        profile = ef.Profile.from_json(spec, members)
    else:
        last_ms = members["last_ms"]
        profile = ef.Profile(spec, last_ms, dict(_carried(spec, last_ms, members["state"])))
    _remember(spec, text, profile)
    return profile


def _remember(spec: ef.Spec, text: str, profile: ef.Profile) -> None:
    with _lock:
        _written[spec.id, text] = profile
        if len(_written) > CACHED_TEXTS:
            _written.popitem(last=False)


def _carried(spec: ef.Spec, last_ms: int | None, state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, held in state.items():
        # A hash does not cover an enum's values: the new spec may have dropped one that a state names.
        with suppress(ef.InvalidProfile):
            one = {"last_ms": last_ms, "spec": spec.id, "state": {name: held}}
            yield from ef.Profile.from_json(spec, one).state.items()


def merge_all(spec: ef.Spec, texts: list[str]) -> ef.Profile:
    """Return the merge of stored profiles."""
    return _merged(spec, tuple(texts))


@lru_cache(maxsize=CACHED_MERGES)
def _merged(spec: ef.Spec, texts: tuple[str, ...]) -> ef.Profile:
    profiles = [parse(spec, text) for text in texts]
    whole = profiles[0] if profiles else ef.empty_profile(spec)
    for profile in profiles[1:]:
        whole = ef.merge(spec, whole, profile)
    return whole


def merged_text(spec: ef.Spec, texts: list[str]) -> str:
    """Return the text of the merge of stored profiles."""
    return _merged_text(spec, tuple(texts))


@lru_cache(maxsize=CACHED_MERGES)
def _merged_text(spec: ef.Spec, texts: tuple[str, ...]) -> str:
    return write(_merged(spec, texts))


@lru_cache(maxsize=CACHED_TEXTS)
def attributes(spec: ef.Spec, text: str) -> dict[str, Any]:
    """Return stored attributes, those that the spec declares."""
    return {name: value for name, value in json.loads(text).items() if name in spec.attributes}
