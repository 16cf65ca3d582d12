"""The corpus, run by the SQL of ``training_frame`` and ``profiles_at``: a subject for each case."""

from __future__ import annotations

from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_reducer.event import event_fields

from .batch import event_tables, row_table
from .corpus import cases, same_bits


def sql_cases() -> list[Any]:
    chosen = [
        pytest.param(spec, case, id=label)
        for label, spec, case in cases("fold")
        if "error" not in case and "now_ms" in case and all("seq" in event for event in case["events"])
    ]
    assert len(chosen) > 40
    return chosen


@pytest.mark.parametrize(("spec_json", "case"), sql_cases())
def test_training_frame_gives_the_features_of_the_case(spec_json: dict[str, Any], case: dict[str, Any]) -> None:
    spec = ef.Spec.from_json(spec_json)
    log = [("subject", case.get("replica", ""), event) for event in case["events"]]
    rows = row_table(spec, [("subject", case["now_ms"], case.get("attributes", {}))])
    read = ef.training_frame(spec, event_tables(spec, log), rows, unit="ms").to_pylist()[0]
    assert set(case["features"]) <= read.keys()
    differing = {name: (read[name], want) for name, want in case["features"].items() if not same_bits(read[name], want)}
    assert not differing


@pytest.mark.parametrize(("spec_json", "case"), sql_cases())
def test_profiles_at_gives_the_profile_of_the_case(spec_json: dict[str, Any], case: dict[str, Any]) -> None:
    spec = ef.Spec.from_json(spec_json)
    log = [("subject", case.get("replica", ""), event) for event in case["events"]]
    profiles = dict(ef.profiles_at(spec, event_tables(spec, log), case["now_ms"], unit="ms"))
    expected = {"subject": ef.canonical_json(case["profile"])} if log else {}
    assert {subject: profile.to_json() for subject, profile in profiles.items()} == expected


def test_the_corpus_has_events_for_the_tables() -> None:
    assert any(event_fields(event) for event in ef.Spec.from_json(next(cases("fold"))[1] or {}).events.values())
