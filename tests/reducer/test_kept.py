"""What is kept, as JSON: its canonical form, what is refused, and the older form that is still read."""

from __future__ import annotations

import json
from typing import Any

import edgefold_reducer as ef
import pytest

from .strategies import START_MS, sale, spec_of

SPEC = spec_of(ef.count(sale), ef.last(sale.genre))
COUNT, LAST, VISITS = SPEC.aggregates
EVENT = {"type": "sale", "time": START_MS, "seq": 1, "data": {"amount": 1, "gift": False, "genre": "rock"}}


def test_what_is_kept_is_written_with_an_entry_for_each_aggregate() -> None:
    kept = ef.keep(ef.fold(SPEC, [EVENT], replica="r"), {COUNT: 7})
    assert json.loads(kept.to_json()) == {
        "last_ms": START_MS,
        "states": {COUNT: {"state": 1, "since_ms": 7}, LAST: {"state": [START_MS, "r", 1, "rock"]}, VISITS: {}},
    }


def test_what_is_kept_reads_back_to_the_same_bytes() -> None:
    kept = ef.keep(ef.fold(SPEC, [EVENT]), {COUNT: 7})
    assert ef.Kept.from_json(kept.to_json()).to_json() == kept.to_json()
    assert ef.Kept.from_json(json.loads(kept.to_json())) == ef.Kept.from_json(kept.to_json()) == kept


def test_a_state_of_another_spec_is_kept_as_it_is() -> None:
    text = '{"last_ms":5,"states":{"00000000000000ff":{"named_ms":4,"since_ms":6,"state":{"a":[true,"é",-1]}}}}'
    assert ef.Kept.from_json(text).to_json().decode() == text


def test_an_integral_float_is_an_integer() -> None:
    assert ef.Kept.from_json('{"last_ms":5.0,"states":{"00000000000000ff":{"state":3.0}}}').to_json() == (
        b'{"last_ms":5,"states":{"00000000000000ff":{"state":3}}}'
    )


def test_the_text_of_a_profile_is_read_as_entries_of_the_states_it_has() -> None:
    kept = ef.Kept.from_json(ef.fold(SPEC, [EVENT]).to_json())
    assert kept.entries.keys() == {COUNT, LAST}
    assert ef.carry(SPEC, kept).since_ms == {VISITS: START_MS + 1}


def test_the_text_of_a_profile_of_a_known_spec_has_an_entry_for_each_aggregate() -> None:
    profile = ef.fold(SPEC, [EVENT])
    kept = ef.Kept.from_json(profile.to_json(), [spec_of(ef.mean(sale.amount)), SPEC])
    assert kept == ef.keep(profile)


DEEP: Any = 1
for _ in range(9):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        "null",
        '{"last_ms":1,"states":{},"spec":"a"}',
        '{"last_ms":1,"last_ms":1,"states":{}}',
        {"last_ms": 1, "states": []},
        {"last_ms": -1, "states": {}},
        {"last_ms": 1.5, "states": {}},
        {"last_ms": 2**53, "states": {}},
        {"last_ms": 1, "states": {"count": {}}},
        {"last_ms": 1, "states": {COUNT: 3}},
        {"last_ms": 1, "states": {COUNT: {"state": None}}},
        {"last_ms": 1, "states": {COUNT: {"state": 1.5}}},
        {"last_ms": 1, "states": {COUNT: {"state": 2**53}}},
        {"last_ms": 1, "states": {COUNT: {"state": {"\ud800": 1}}}},
        {"last_ms": 1, "states": {COUNT: {"state": ["\ud800"]}}},
        {"last_ms": 1, "states": {COUNT: {"state": DEEP}}},
        {"last_ms": 1, "states": {COUNT: {"since_ms": None}}},
        {"last_ms": 1, "states": {COUNT: {"since_ms": -1}}},
        {"last_ms": 1, "states": {COUNT: {"named_ms": "1"}}},
        {"last_ms": 1, "states": {COUNT: {"until_ms": 1}}},
        {"last_ms": None, "states": {COUNT: {"state": 1}}},
        {"last_ms": 1, "spec": SPEC.id, "state": [1]},
    ],
    ids=lambda value: str(value)[:40],
)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ef.InvalidProfile):
        ef.Kept.from_json(value)
