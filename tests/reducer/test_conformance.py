"""The corpus, run by the pure-Python reducer; and its schema, run over the corpus."""

from __future__ import annotations

import importlib
import itertools
import json
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import jsonschema
import pytest
from edgefold_reducer import aggregates, errors
from edgefold_reducer.rules import aggregates_of

from .corpus import CORPUS, cases, corpus_files, same_bits

carry_module = importlib.import_module("edgefold_reducer.carry")  # the package's name is the function's


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.stem)
def test_a_case_file_fits_the_schema(path: Path) -> None:
    schema = json.loads((CORPUS / "schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(path.read_text("utf-8")), schema)


@pytest.mark.parametrize("broken", [{}, {"description": "no cases at all", "cases": []}])
def test_the_schema_refuses_a_file_that_checks_nothing(broken: dict[str, Any]) -> None:
    schema = json.loads((CORPUS / "schema.json").read_text("utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_every_aggregate_has_a_case_within_a_window_and_without() -> None:
    seen = {
        (node["aggregate"], "window_ms" in node)
        for _, spec, _ in cases("fold")
        if spec is not None
        for feature in spec["features"]
        for node in feature.get("ratio", [feature])
        if "aggregate" in node
    }
    assert seen == {(name, window) for name in aggregates.registered() for window in (True, False)}


def test_every_error_that_can_be_raised_without_a_table_has_a_case() -> None:
    seen = {case["error"] for _, _, case in cases("fold", "merge", "profile", "spec", "carry") if "error" in case}
    declared = {error.__name__ for error in errors.ReducerError.__subclasses__()} - {"InvalidTable"}
    assert seen == declared


def parameters(*kinds: str) -> Any:
    found = list(cases(*kinds))
    return pytest.mark.parametrize(("spec", "case"), [c[1:] for c in found], ids=[c[0] for c in found])


@parameters("fold")
def test_folding(spec: dict[str, Any], case: dict[str, Any]) -> None:
    run_fold(ef.Spec.from_json(spec), case)


def run_fold(spec: ef.Spec, case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            read(spec, case)
        return
    profile, row = read(spec, case)
    assert profile.to_json() == ef.canonical_json(case["profile"])
    if row is not None:
        assert list(row) == [column.name for column in spec.columns]
        assert row.keys() == case["features"].keys()
        differing = {
            name: (row[name], want) for name, want in case["features"].items() if not same_bits(row[name], want)
        }
        assert not differing


def read(spec: ef.Spec, case: dict[str, Any]) -> tuple[ef.Profile, dict[str, Any] | None]:
    profile = ef.fold(spec, case["events"], replica=case.get("replica", ""), unit="ms")
    row = ef.features(spec, profile, case["now_ms"], case.get("attributes")) if "now_ms" in case else None
    return profile, row


@parameters("merge")
def test_merging_in_every_order(spec: dict[str, Any], case: dict[str, Any]) -> None:
    parsed = ef.Spec.from_json(spec)
    for order in itertools.permutations(case["profiles"]):
        if "error" in case:
            with pytest.raises(getattr(errors, case["error"])):
                merged(parsed, order)
        else:
            assert merged(parsed, order).to_json() == ef.canonical_json(case["profile"])


def merged(spec: ef.Spec, profiles: tuple[dict[str, Any], ...]) -> ef.Profile:
    total = ef.empty_profile(spec)
    for profile in profiles:
        total = ef.merge(spec, total, ef.Profile.from_json(spec, profile))
    return total


@parameters("profile")
def test_reading_a_profile(spec: dict[str, Any], case: dict[str, Any]) -> None:
    parsed = ef.Spec.from_json(spec)
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            ef.Profile.from_json(parsed, case["text"])
    else:
        assert ef.Profile.from_json(parsed, case["text"]).to_json().decode() == case["text"]


@parameters("spec")
def test_reading_a_spec(spec: None, case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            ef.Spec.from_json(case["json"])
        return
    parsed = ef.Spec.from_json(case["json"])
    assert parsed.id == case["id"]
    assert [column.name for column in parsed.columns] == case["columns"]
    assert {f.name: [node.hash for node in aggregates_of(f.node)] for f in parsed.features} == case["hashes"]
    assert ef.Spec.from_json(parsed.to_json()).to_json() == parsed.to_json()


@parameters("carry")
def test_carrying(spec: None, case: dict[str, Any]) -> None:
    run_carry(case)


def run_carry(case: dict[str, Any]) -> None:
    specs = {name: ef.Spec.from_json(spec) for name, spec in case["specs"].items()}
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            ef.Kept.from_json(case["kept"])
        return
    known = [specs[name] for name in case.get("kept_specs", [])]
    kept = ef.Kept.from_json(case["kept"], known) if "kept" in case else ef.Kept(None, {})
    for step in case.get("steps", []):
        kept = stepped(kept, step, specs)
    assert kept.to_json() == ef.canonical_json(case["result"])
    assert ef.Kept.from_json(kept.to_json()) == kept
    for name, expected in case["carried"].items():
        carried = ef.carry(specs[name], kept)
        assert carried.profile.to_json() == ef.canonical_json(expected["profile"])
        assert ef.Profile.from_json(specs[name], expected["profile"]) == carried.profile
        assert carried.since_ms == expected["since_ms"]
        if "now_ms" in case:
            assert ef.since_of(specs[name], carried.since_ms, case["now_ms"]) == expected["told"]


def stepped(kept: ef.Kept, step: dict[str, Any], specs: dict[str, ef.Spec]) -> ef.Kept:
    if "merge" in step:
        return ef.merge_kept([specs[name] for name in step["specs"]], kept, ef.Kept.from_json(step["merge"]))
    way = next(way for way in ("keep", "add", "carry") if way in step)
    spec = specs[step[way]]
    profile, since_ms = (
        ef.fold(spec, step["events"], replica=step.get("replica", ""), unit="ms"),
        step.get("since_ms", {}),
    )
    if way == "add":
        return ef.add(kept, profile, since_ms)
    if way == "keep":
        return ef.keep(profile, since_ms, kept)
    carried = ef.carry(spec, kept)
    return ef.keep(ef.merge(spec, carried.profile, profile), carried.since_ms, kept)


def a_fold_case(name: str) -> tuple[ef.Spec, dict[str, Any]]:
    return next((ef.Spec.from_json(spec), case) for label, spec, case in cases("fold") if label == name and spec)


@pytest.mark.usefixtures("planted_fault")
def test_the_runner_sees_a_lost_tie_break(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, case = a_fold_case("extreme: at one time the larger seq is last")
    monkeypatch.setattr(
        aggregates.extreme.EdgeValue, "update", lambda self, state, value, moment: state or (moment, value)
    )
    with pytest.raises(AssertionError):
        run_fold(spec, case)


@pytest.mark.usefixtures("planted_fault")
def test_the_runner_sees_a_window_that_starts_one_bucket_late(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, case = a_fold_case("window: an event exactly one window ago is in it")
    monkeypatch.setattr(
        aggregates.window.Window, "oldest", lambda self, now_ms: (now_ms - self.window_ms) // self.hop_ms + 1
    )
    with pytest.raises(AssertionError):
        run_fold(spec, case)


def test_the_runner_sees_a_read_out_that_allows_its_own_time() -> None:
    spec, case = a_fold_case("linear: a read-out at the time of the last event is too early")
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        run_fold(spec, case | {"now_ms": case["now_ms"] + 1})


def test_the_runner_sees_a_set_whose_values_outside_displace_those_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "carry: values outside a set displace none inside, nor the other way round"
    case = next(case for label, _, case in cases("carry") if label == name)
    distinct = aggregates.distinct.Distinct
    monkeypatch.setattr(distinct, "join", lambda self, inside, outside: sorted(inside + outside)[: self.cap])
    with pytest.raises(AssertionError):
        run_carry(case)


def test_the_runner_sees_a_gap_that_nobody_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for label, _, case in cases("carry") if label == "carry: a spec and its rollback, told by deltas")
    monkeypatch.setattr(carry_module, "_after", lambda last_ms: None)
    with pytest.raises(AssertionError):
        run_carry(case)
