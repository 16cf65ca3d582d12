"""The authoring form, its canonical JSON, and the errors of a spec that could not be folded alike everywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import edgefold_reducer as ef
import jsonschema
import pytest
from hypothesis import given

from .corpus import cases
from .strategies import specs

order = ef.event(
    "order",
    amount=ef.decimal(2),
    quantity=ef.integer(),
    gift=ef.boolean(),
    genre=ef.enum("rock", "jazz"),
    coupon=ef.string(20, optional=True),
)
other = ef.event("other", amount=ef.decimal(2), total=ef.integer())


def spec_with(**features: Any) -> ef.Spec:
    return ef.Spec("shop", events=[order, other], features=features)


def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files("edgefold_reducer").joinpath("schema.json").read_text("utf-8"))
    return loaded


def test_a_spec_reads_back_to_the_same_id_and_columns() -> None:
    spec = spec_with(orders=ef.count(order, where=order.amount >= 20), by=ef.count_by(order.genre))
    again = ef.Spec.from_json(spec.to_json())
    assert (again.id, again.to_json()) == (spec.id, spec.to_json())
    assert [column.name for column in again.columns] == ["orders", "by=rock", "by=jazz"]


@given(specs)
def test_every_spec_fits_the_json_schema(spec: ef.Spec) -> None:
    jsonschema.validate(json.loads(spec.to_json()), schema())


def test_the_json_schema_refuses_most_of_what_the_parser_refuses() -> None:
    refused = [case for _, _, case in cases("spec") if "error" in case]
    validator = jsonschema.Draft202012Validator(schema())
    # What only the parser can see: references between parts, and the types and scales of expressions.
    assert sum(not validator.is_valid(case["json"]) for case in refused) > 0.6 * len(refused)
    for _, _, case in cases("spec"):
        if "error" not in case:
            validator.validate(case["json"])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (order.amount >= 20, {"greater_or_equal": [{"field": "amount"}, {"literal": 2000, "scale": 2}]}),
        (order.amount > 20, {"greater": [{"field": "amount"}, {"literal": 2000, "scale": 2}]}),
        (order.quantity * 2 == 4, {"equal": [{"multiply": [{"field": "quantity"}, {"literal": 2}]}, {"literal": 4}]}),
        (
            order.amount > 0.005,
            {"greater": [{"multiply": [{"field": "amount"}, {"literal": 10, "scale": 1}]}, {"literal": 5, "scale": 3}]},
        ),
        (
            order.amount == order.quantity,
            {"equal": [{"field": "amount"}, {"multiply": [{"field": "quantity"}, {"literal": 100, "scale": 2}]}]},
        ),
        (order.genre.is_in(["rock"]), {"in": [{"field": "genre"}, ["rock"]]}),
        (order.amount.is_in([1, 2.5]), {"in": [{"field": "amount"}, [100, 250]]}),
        (
            ~order.gift & order.coupon.is_missing(),
            {"and": [{"not": {"field": "gift"}}, {"is_missing": {"field": "coupon"}}]},
        ),
        (
            1 - order.quantity > -1,
            {"greater": [{"subtract": [{"literal": 1}, {"field": "quantity"}]}, {"literal": -1}]},
        ),
    ],
)
def test_operators_write_the_expression_tree(left: Any, right: dict[str, Any]) -> None:
    assert left.to_json() == right


@pytest.mark.parametrize(
    "build",
    [
        lambda: order.genre == 1,
        lambda: order.genre > "jazz",
        lambda: order.genre == "Jazz",
        lambda: order.amount >= "20",
        lambda: order.amount & order.gift,
        lambda: order.amount > math.nan,  # noqa: PLW0177  # the refusal is what is tested
        lambda: order.amount == other.amount,
        lambda: 0 < order.amount < 5,
        lambda: order.gift and order.gift,
        lambda: order["colour"],
        lambda: ef.count(order.amount),
        lambda: ef.total(order),
        lambda: ef.total(order.genre),
        lambda: ef.mean(order.amount, default="none"),
        lambda: ef.count(order, where=order.amount),
        lambda: ef.count(order, where=other.amount > 1),
        lambda: ef.count(order, within=90),
        lambda: ef.count(order, hop=ef.days(1)),
        lambda: ef.count(order, within=ef.days(1), hop=ef.days(2)),
        lambda: ef.count_by(order.coupon),
        lambda: ef.count_by(order.genre, keys=["rock"]),
        lambda: ef.count_by(order.quantity),
        lambda: ef.distinct(order.coupon, cap=0),
        lambda: ef.distinct(order.amount * 2, cap=3),
        lambda: ef.ratio(ef.count_by(order.genre), ef.count(order)),
        lambda: ef.time_since_last(order, unit=1),
        lambda: ef.days(0),
        lambda: ef.days(float("nan")),
        lambda: ef.decimal(13),
        lambda: ef.enum(),
        lambda: ef.enum("a", "a"),
        lambda: ef.string(0),
        lambda: ef.event("my order"),
        lambda: ef.event("order", amount=2),
        lambda: ef.event("order", subject=ef.integer()),
        lambda: ef.event("order", time=ef.integer()),
        lambda: ef.event("order", seq=ef.integer()),
        lambda: ef.event("order", replica=ef.string(9)),
        lambda: ef.Spec("s", events=[order], attributes={"time": ef.integer()}, features={"n": ef.count(order)}),
        lambda: ef.Spec("shop", events=[], features={"n": ef.count(order)}),
        lambda: ef.Spec("shop", events=[order], features={}),
        lambda: ef.Spec("shop", events=[order], features={"n": ef.count(other)}),
        lambda: ef.Spec("shop", events=[order], features={"n": order.amount}),
        lambda: ef.Spec("shop", events=[order], features={"c": ef.attribute("country")}),
        lambda: ef.Spec("shop", events=[order], features={"n=x": ef.count(order)}),
        lambda: ef.Spec("shop", events=[order, order], features={"n": ef.count(order)}),
        lambda: ef.Spec("shop", events=[order], features={"n": ef.count(order)}, triggers=[other]),
        lambda: ef.Spec.from_json("{"),
        lambda: ef.Spec.from_json("[]"),
    ],
)
def test_a_spec_that_cannot_be_folded_alike_is_refused_when_it_is_built(build: Callable[[], Any]) -> None:
    with pytest.raises(ef.InvalidSpec) as caught:
        build()
    assert caught.value.expected and "expected" in str(caught.value)


def test_an_unknown_field_is_also_an_attribute_error_so_that_editors_can_ask() -> None:
    assert not hasattr(order, "colour")
    assert hasattr(order, "amount")


def test_a_field_may_have_any_name() -> None:
    odd = ef.event("odd", name=ef.integer(), fields=ef.integer(), is_in=ef.integer(), nodes=ef.boolean())
    spec = ef.Spec("odd", events=[odd], features={"a": ef.total(odd.name), "b": ef.total(odd.is_in, where=odd.nodes)})
    events = [{"type": "odd", "time": 1, "data": {"name": 1, "fields": 2, "is_in": 3, "nodes": True}}]
    assert ef.features(spec, ef.fold(spec, events, unit="ms"), 2) == {"a": 1.0, "b": 3.0}


def test_the_default_hop_grows_with_the_window() -> None:
    hops = {hours: ef.count(order, within=ef.hours(hours)).hop_ms for hours in (1, 11.5, 12, 287, 288, 2_160)}
    minute = 60_000
    assert hops == {
        1: 5 * minute,
        11.5: 5 * minute,
        12: 60 * minute,
        287: 60 * minute,
        288: 1440 * minute,
        2_160: 1440 * minute,
    }


def test_features_that_differ_only_in_their_read_out_share_one_state() -> None:
    spec = spec_with(
        a=ef.time_since_last(order, unit=ef.days(1)),
        b=ef.time_since_last(order, unit=ef.hours(1), default=0),
        c=ef.ratio(ef.count(order, where=order.gift), ef.count(order)),
        d=ef.count(order),
    )
    assert len(spec.aggregates) == 3


def test_an_invalid_event_carries_its_field_and_value() -> None:
    spec = spec_with(n=ef.count(order))
    event = {"type": "order", "time": 1, "data": {"amount": 1, "quantity": 1.5, "gift": True, "genre": "rock"}}
    with pytest.raises(ef.InvalidEvent) as caught:
        ef.fold(spec, [event])
    assert (caught.value.event, caught.value.field, caught.value.value) == ("order", "quantity", 1.5)
    assert "expected an integer" in str(caught.value)
