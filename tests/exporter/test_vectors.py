"""The golden cases and the list of what leaves the device: both follow from the spec alone."""

from __future__ import annotations

import json
import random
from pathlib import Path

import edgefold_reducer as ef
import pandas as pd
import pytest
from edgefold_exporter.leaves_device import leaves_device
from edgefold_exporter.vectors import DAY_MS, events_of, histories

from ..bundles import linear_bundle, order, spec, tree_bundle

view = ef.event("view", page=ef.string(30), seconds=ef.integer(optional=True), score=ef.decimal(12, optional=True))
two_events = ef.Spec(
    "visits",
    events=[order, view],
    features={
        "pages": ef.count_by(view.page, keys=["home", "cart"]),
        "seconds_squared": ef.total(view.seconds * view.seconds, within=ef.hours(6)),
        "orders": ef.count(order, where=order.amount >= 20),
        "same_orders": ef.ratio(ef.count(order, where=order.amount >= 20), ef.count(view)),
        "last_page": ef.last(view.page),
        "coupons": ef.distinct(order.coupon, cap=5),
    },
)


@pytest.mark.parametrize("a_spec", [spec, two_events])
def test_the_cases_of_a_spec_are_always_the_same_and_valid(a_spec: ef.Spec) -> None:
    cases = list(histories(a_spec))
    assert cases == list(histories(a_spec)) and len(cases) == 12
    assert len({case["name"] for case in cases}) == 12
    for case in cases:
        profile = ef.fold(a_spec, case["events"], replica=case["replica"])
        assert ef.features(a_spec, profile, case["now_ms"], case["attributes"])


def test_the_cases_reach_every_event_type_field_and_key() -> None:
    events = [event for case in histories(two_events) for event in case["events"]]
    assert {event["type"] for event in events} == {"order", "view"}
    views = [event["data"] for event in events if event["type"] == "view"]
    assert {"home", "cart", "😀"} <= {data["page"] for data in views}
    assert any("seconds" not in data for data in views) and any("seconds" in data for data in views)
    assert any(case["events"] == [] for case in histories(two_events))
    late = next(case for case in histories(two_events) if "late" in case["name"])
    assert late["events"][-1]["time"] < late["events"][0]["time"]


def test_values_at_the_ends_that_the_arithmetic_of_a_spec_refuses_are_left_out() -> None:
    for event in events_of(two_events, random.Random(5), 200, DAY_MS, edges=True):
        ef.validate_event(two_events, event)


def test_the_golden_answers_are_those_of_the_fitted_model(tmp_path: Path) -> None:
    made = linear_bundle(tmp_path / "bundle", threshold=0.3)
    for case in made.bundle.vectors():
        # the model was fitted by pandas, whose own strings have NaN where one is missing
        row = pd.DataFrame([case["features"]])[made.X.columns].astype(made.X.dtypes)
        assert made.model.predict_proba(row)[0] == pytest.approx(case["probabilities"], abs=1e-12)
        assert case["label"] == int(case["probabilities"][1] >= 0.3)


def test_a_golden_case_that_meets_the_threshold_exactly_has_the_second_label(tmp_path: Path) -> None:
    """BUNDLE.md: "labels[1] when probabilities[1] >= t"."""
    cases = tree_bundle(tmp_path / "own rule").bundle.vectors()
    threshold = next(case["probabilities"][1] for case in cases if case["name"] == "many events")
    made = tree_bundle(tmp_path / "bundle", threshold=threshold)
    met = next(case for case in made.bundle.vectors() if case["name"] == "many events")
    assert met["probabilities"][1] == threshold and met["label"] == 1


def test_what_leaves_the_device_is_one_entry_a_state() -> None:
    entries = leaves_device(two_events)
    assert [(entry["feature"], entry["aggregate"], entry["event"], entry["fields"]) for entry in entries] == [
        ("pages", "count_by", "view", ["page"]),
        ("seconds_squared", "total", "view", ["seconds"]),
        ("orders", "count", "order", ["amount"]),
        ("same_orders", "count", "view", []),
        ("last_page", "last", "view", ["page"]),
        ("coupons", "distinct", "order", ["coupon"]),
    ]
    assert [entry["sends"] for entry in entries] == [
        "how many events there were for each value of page among the 3 listed",
        "the exact sum; one such state for each 5 minutes of the last 6 hours",
        "how many events there were, of the events that its predicate selects",
        "how many events there were",
        "the latest value, with its time, its replica and its number there",
        "the distinct values themselves, at most 5",
    ]


def test_attributes_send_nothing(tmp_path: Path) -> None:
    manifest = json.loads((linear_bundle(tmp_path / "bundle").path / "manifest.json").read_bytes())
    assert manifest["leaves_device"] == leaves_device(spec)
    assert "country" not in {entry["feature"] for entry in manifest["leaves_device"]}


def test_the_manifest_tells_each_features_default(tmp_path: Path) -> None:
    features = linear_bundle(tmp_path / "bundle").bundle.manifest.members["features"]
    told = {feature["name"]: feature["default"] for feature in features if "default" in feature}
    assert told == {column.name: column.default for column in spec.columns if column.default is not None}
    assert told == {"amount_mean": 0}
