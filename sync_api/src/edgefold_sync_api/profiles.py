"""Profiles as the database keeps them: canonical text, parsed and merged at most once while it is in use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import edgefold_reducer as ef

CACHED_TEXTS = 2_048
CACHED_MERGES = 512


@lru_cache(maxsize=CACHED_TEXTS)
def parse(spec: ef.Spec, text: str) -> ef.Profile:
    """Return a stored profile. Of an earlier spec's, the states of the aggregates that are unchanged are kept."""
    members = json.loads(text)
    if members["spec"] == spec.id:
        return ef.Profile.from_json(spec, members)
    last_ms = members["last_ms"]
    return ef.Profile(spec, last_ms, dict(_carried(spec, last_ms, members["state"])))


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
    """Return the canonical text of the merge of stored profiles."""
    return _merged_text(spec, tuple(texts))


@lru_cache(maxsize=CACHED_MERGES)
def _merged_text(spec: ef.Spec, texts: tuple[str, ...]) -> str:
    return _merged(spec, texts).to_json().decode()


@lru_cache(maxsize=CACHED_TEXTS)
def attributes(spec: ef.Spec, text: str) -> dict[str, Any]:
    """Return stored attributes, those that the spec declares."""
    return {name: value for name, value in json.loads(text).items() if name in spec.attributes}
