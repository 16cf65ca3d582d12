"""Writing a spec by hand: what it prints as, what it equals, and what a slip is told."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import edgefold_reducer as ef
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from .strategies import logs, specs

order = ef.event(
    "order",
    amount=ef.decimal(2),
    quantity=ef.integer(),
    gift=ef.boolean(),
    genre=ef.enum("rock", "jazz"),
    coupon=ef.string(20, optional=True),
    rating=ef.decimal(1, optional=True),
)
view = ef.event("view", page=ef.string(8), genre=ef.enum("rock", "jazz"))


def shop(**given: Any) -> ef.Spec:
    members: dict[str, Any] = {"events": [order, view], "features": {"orders": ef.count(order)}} | given
    return ef.Spec("shop", **members)


# Equality, hashes and pickles


@given(specs, logs)
def test_a_spec_that_was_used_pickles_and_folds_to_the_same_bytes(spec: ef.Spec, log: Any) -> None:
    profile = ef.fold(spec, log, unit="ms")
    again = pickle.loads(pickle.dumps(spec))
    assert again == spec and again.columns == spec.columns
    assert ef.fold(again, log, unit="ms").to_json() == profile.to_json()


@given(specs)
def test_a_spec_equals_the_one_read_from_its_json(spec: ef.Spec) -> None:
    again = ef.Spec.from_json(spec.to_json())
    assert spec == again and hash(spec) == hash(again) and {spec: "found"}[again] == "found"


def test_specs_that_fold_otherwise_and_other_things_are_not_equal() -> None:
    assert shop() != shop(features={"orders": ef.count(order, where=order.gift)})
    assert shop() != shop().id
    assert shop() != shop(triggers=[order])


def test_profiles_events_and_features_pickle_and_copy() -> None:
    spec = shop(features={"large": ef.count(order, where=order.amount >= 20, within=ef.days(2))})
    profile = ef.fold(spec, [order_at(5, amount=30)], unit="ms")
    for duplicate in (pickle.loads(pickle.dumps(profile)), copy.deepcopy(profile), copy.copy(profile)):
        assert duplicate == profile and duplicate.to_json() == profile.to_json()
    assert pickle.loads(pickle.dumps(order)) == order
    assert pickle.loads(pickle.dumps(spec.features[0])).node.to_json() == spec.features[0].node.to_json()
    assert copy.deepcopy(spec) == copy.copy(spec) == spec


@pytest.mark.parametrize(
    "error",
    [
        ef.InvalidSpec("a field", [1], "an integer"),
        ef.InvalidEvent("order", "amount", "x", "a number"),
        ef.InvalidReplica("my phone"),
        ef.InvalidAttribute("country", "XX", "one of GB, FR"),
        ef.InvalidProfile("state", {}, "a state"),
        ef.SpecMismatch("a" * 64, "b" * 64),
        ef.ReadOutTooEarly(3, 7),
        ef.InvalidTable("order", "it is missing", refused=2, row=1, field="genre", value="punk"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_a_process_with_its_values(error: ef.ReducerError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


# numpy's scalars


def order_at(time: int, **data: Any) -> dict[str, Any]:
    whole = {"amount": 1.0, "quantity": 1, "gift": False, "genre": "rock"} | data
    return {"type": "order", "time": time, "data": whole}


@pytest.mark.parametrize(
    ("numpy", "plain"),
    [
        (lambda: order.amount >= np.float64(19.99), lambda: order.amount >= 19.99),
        (lambda: order.amount >= np.float32(0.5), lambda: order.amount >= 0.5),
        (lambda: np.float64(19.99) <= order.amount, lambda: order.amount >= 19.99),
        (lambda: np.int64(2) * order.quantity == np.int8(4), lambda: 2 * order.quantity == 4),
        (lambda: order.amount - np.float64(0.5) > np.uint16(1), lambda: order.amount - 0.5 > 1),
        (lambda: order.gift == np.bool_(True), lambda: order.gift == True),  # noqa: E712  # a predicate
        (lambda: order.genre == np.str_("rock"), lambda: order.genre == "rock"),
        (lambda: order.quantity.is_in(np.array([1, 2])), lambda: order.quantity.is_in([1, 2])),
        (lambda: order.amount.is_in(pd.Series([1.0, 2.5])), lambda: order.amount.is_in([1, 2.5])),
        (lambda: order.genre.is_in(np.array(["rock"])), lambda: order.genre.is_in(["rock"])),
    ],
)
def test_a_numpy_scalar_in_an_expression_is_the_number_that_it_holds(numpy: Any, plain: Any) -> None:
    written, expected = (ef.Spec("s", events=[order], features={"n": ef.count(order, where=where())})
                         for where in (numpy, plain))  # fmt: skip
    assert written == expected


def test_a_numpy_scalar_stands_wherever_a_number_does() -> None:
    def build(integer: Any, double: Any, text: Any) -> ef.Spec:
        sale = ef.event("sale", price=ef.decimal(integer(2)), note=ef.string(integer(9)), kind=ef.enum(text("a")))
        features = {
            "n": ef.count(sale, within=ef.days(integer(90)), hop=ef.hours(double(1.5))),
            "m": ef.mean(sale.price, default=double(0.25)),
            "r": ef.ratio(ef.count(sale), ef.count(sale), default=integer(1)),
            "d": ef.distinct(sale.note, cap=integer(3)),
            "k": ef.count_by(sale.note, keys=[text("x"), text("y")]),
            "a": ef.attribute("age", default=integer(40)),
        }
        return ef.Spec("s", events=[sale], features=features, attributes={"age": ef.integer()})

    assert build(np.int32, np.float64, np.str_) == build(int, float, str)


def test_events_attributes_and_times_may_hold_numpy_scalars() -> None:
    spec = shop(
        features={"spent": ef.total(order.amount), "age": ef.attribute("age")}, attributes={"age": ef.integer()}
    )
    given = order_at(5, amount=np.float32(0.5), quantity=np.int64(2), gift=np.bool_(True), genre=np.str_("rock"))
    plain = order_at(5, amount=0.5, quantity=2, gift=True, genre="rock")
    profile = ef.fold(spec, [given | {"time": np.int64(5), "seq": np.uint8(3)}], unit="ms")
    assert profile == ef.fold(spec, [plain | {"seq": 3}], unit="ms")
    assert ef.features(spec, profile, np.int64(9), {"age": np.int16(7)}) == {"spent": 0.5, "age": 7.0}  # type: ignore[arg-type]


def test_a_numpy_time_is_no_number() -> None:
    with pytest.raises(ef.InvalidEvent):
        ef.fold(shop(), [order_at(5) | {"time": np.datetime64("2026-01-01", "ns")}], unit="ms")
    with pytest.raises(ef.InvalidEvent):
        ef.fold(shop(), [order_at(5, quantity=np.timedelta64(3, "ns"))], unit="ms")


# Slips: the message says what to type


SLIPS: dict[str, tuple[Callable[[], Any], str]] = {
    "features in a list": (lambda: shop(features=[ef.count(order)]), "features={'orders': count(order)"),
    "no features": (lambda: shop(features=None), "features={'orders': count(order)"),
    "events in a dict": (lambda: shop(events={"order": order}), "events=[order]"),
    "one event alone": (lambda: shop(events=order), "events=[order]"),
    "an event's name": (lambda: shop(events=["order"]), "event('order', …)"),
    "attributes in a list": (lambda: shop(attributes=["country"]), "attributes={'country': enum("),
    "one trigger alone": (lambda: shop(triggers=order), "triggers=[order]"),
    "a trigger's name": (lambda: shop(triggers=["order"]), "without quotes"),
    "a field for a feature": (lambda: shop(features={"a": order.amount}), "last(order.amount)"),
    "an event for a feature": (lambda: shop(features={"a": order}), "count(order)"),
    "an enum of a list": (lambda: ef.enum(["rock", "jazz"]), "without the list: enum('rock', 'jazz')"),  # type: ignore[arg-type]
    "an enum of a set": (lambda: ef.enum({"rock"}), "without the set: enum('rock')"),  # type: ignore[arg-type]
    "an enum of a long list": (
        lambda: ef.enum([str(i) for i in range(99)]),
        "without the list: enum('0', '1', '2', '3', '4', '5', … 93 more)",
    ),  # type: ignore[arg-type]
    "an enum of numbers": (lambda: ef.enum(1, 2), "enum('1', '2')"),  # type: ignore[arg-type]
    "a field without its parentheses": (lambda: ef.event("e", a=ef.integer), "integer()"),  # type: ignore[arg-type]
    "a Python type for a field": (lambda: ef.event("e", a=float), "decimal("),  # type: ignore[arg-type]
    "a misspelt field": (lambda: order["amuont"], "did you mean amount?"),
    "a comparison with None": (lambda: order.coupon == None, "is_missing()"),  # noqa: E711
    "a comparison with NaN": (lambda: order.rating == np.nan, "is_missing()"),  # noqa: PLW0177
    "and": (lambda: order.gift and order.gift, "& for and"),
    "a chain": (lambda: 0 < order.amount < 5, "(0 < x) & (x < 5)"),
    "no parentheses": (lambda: order.gift & order.amount >= 5, "each comparison in parentheses"),
    "one string as a list": (lambda: order.coupon.is_in("rock"), "is_in(['rock'])"),  # type: ignore[arg-type]
    "a set of values": (lambda: order.coupon.is_in({"a", "b"}), "a list"),  # type: ignore[arg-type]
    "a number as a list": (lambda: order.quantity.is_in(5), "is_in([5])"),  # type: ignore[arg-type]
    "fields in a list": (lambda: order.coupon.is_in([order.genre]), "values"),
    "a division": (lambda: order.amount / 2, "ratio("),
    "a whole division": (lambda: order.amount // 2, "ratio("),
    "a remainder": (lambda: order.quantity % 2, "no % in a spec"),
    "a power": (lambda: order.amount**2, "order.amount * order.amount"),
    "a field of one field": (lambda: ef.count(order.amount), "count(order)"),  # type: ignore[arg-type]
    "an aggregate of the event": (lambda: ef.total(order), "total(order.amount)"),  # type: ignore[arg-type]
    "a field's name": (lambda: ef.total("amount"), "order.amount"),  # type: ignore[arg-type]
    "a key of another event": (lambda: ef.total_by(order.amount, view.genre), "a field of order"),
    "keys in one string": (lambda: ef.count_by(order.coupon, keys="A"), "keys=['A']"),
    "keys in a set": (lambda: ef.count_by(order.coupon, keys={"A"}), "a list"),  # type: ignore[arg-type]
    "keys that are none": (lambda: ef.count_by(order.coupon, keys=5), "a list"),  # type: ignore[arg-type]
    "days as text": (lambda: ef.days("90"), "days(90)"),  # type: ignore[arg-type]
    "a window in days": (lambda: ef.count(order, within=90), "days(90)"),  # type: ignore[arg-type]
    "a hop in hours": (lambda: ef.count(order, within=ef.days(2), hop=6), "hours(6)"),  # type: ignore[arg-type]
    "a default of NaN": (lambda: ef.mean(order.amount, default=float("nan")), "leave default out"),
    "an attribute by its field": (lambda: ef.attribute(order.genre), "attribute('country')"),  # type: ignore[arg-type]
    "a misspelt attribute": (
        lambda: shop(attributes={"country": ef.enum("GB")}, features={"c": ef.attribute("county")}),
        "did you mean country?",
    ),
}


@pytest.mark.parametrize(("write", "told"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_told_what_to_type(write: Callable[[], Any], told: str) -> None:
    with pytest.raises(ef.InvalidSpec) as caught:
        write()
    assert told in str(caught.value)


def test_a_minus_sign_subtracts_from_nothing() -> None:
    assert (-order.amount).to_json() == (0 - order.amount).to_json()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no value": (order_at(1, amount=None), "declare it with optional=True: amount=decimal(2, optional=True)"),
    "NaN": (order_at(1, amount=float("nan")), "amount=decimal(2, optional=True)"),
    "NaN where it may be missing": (order_at(1, rating=float("nan")), "Give None where it is missing"),
    "pandas' NA": (order_at(1, quantity=pd.NA), "quantity=integer(optional=True)"),
    "a number as text": (order_at(1, amount="19.99"), "float("),
    "an integer as text": (order_at(1, quantity="3"), "int("),
    "a number for a string": (order_at(1, coupon=5), "str("),
    "a misspelt field": (order_at(1, Amount=5), "did you mean amount?"),
    "another type": (order_at(1) | {"type": "Order"}, "did you mean order?"),
}


@pytest.mark.parametrize(("event", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_event_is_told_what_to_do(event: dict[str, Any], told: str) -> None:
    with pytest.raises(ef.InvalidEvent) as caught:
        ef.fold(shop(), [event], unit="ms")
    assert told in str(caught.value)


def test_one_event_without_its_list_is_told_so() -> None:
    with pytest.raises(ef.InvalidEvent, match=r"fold\(spec, \[event\]\)"):
        ef.fold(shop(), order_at(1), unit="ms")


# What things print as


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (ef.integer(), "integer()"),
        (ef.integer(optional=True), "integer(optional=True)"),
        (ef.decimal(2), "decimal(2)"),
        (ef.decimal(0, optional=True), "decimal(0, optional=True)"),
        (ef.boolean(), "boolean()"),
        (ef.enum("rock", "jazz", optional=True), "enum('rock', 'jazz', optional=True)"),
        (ef.string(20), "string(20)"),
        (view, "event('view', page=string(8), genre=enum('rock', 'jazz'))"),
        (ef.days(90), "days(90)"),
        (ef.hours(36), "hours(36)"),
        (ef.minutes(5), "minutes(5)"),
        (ef.minutes(0.05), "Duration(milliseconds=3000)"),
        (order.amount >= 20, "order.amount >= 20.00"),
        (order.amount > 0.005, "order.amount > 0.005"),
        ((order.amount >= 20) & ~order.gift, "(order.amount >= 20.00) & ~order.gift"),
        (~(order.gift | order.coupon.is_missing()), "~(order.gift | order.coupon.is_missing())"),
        (order.quantity * 2 - 1 == -3, "(order.quantity * 2) - 1 == -3"),
        (order.genre.is_in(["rock"]), "order.genre.is_in(['rock'])"),
        (order.amount.is_in([1, 0.005]), "order.amount.is_in([1.000, 0.005])"),
        (order.amount == order.quantity, "order.amount == order.quantity"),
        (order.gift == False, "order.gift == False"),  # noqa: E712
        (ef.count(order), "count(order)"),
        (ef.total(order.amount, where=order.gift, within=ef.days(30)), "total(order.amount, where=order.gift, within=days(30))"),
        (ef.mean(order.amount, within=ef.days(2), hop=ef.hours(6), default=0), "mean(order.amount, within=days(2), hop=hours(6), default=0)"),
        (ef.time_since_last(order, unit=ef.hours(1)), "time_since_last(order, unit=hours(1))"),
        (ef.total_by(order.amount, order.coupon, keys=["A"]), "total_by(order.amount, order.coupon, keys=['A'])"),
        (ef.distinct(order.coupon, cap=16), "distinct(order.coupon, cap=16)"),
        (ef.ratio(ef.count(order), ef.count(view), default=0), "ratio(count(order), count(view), default=0)"),
        (ef.attribute("country", default="GB"), "attribute('country', default='GB')"),
    ],
)  # fmt: skip
def test_a_part_of_a_spec_prints_as_it_is_written(value: Any, printed: str) -> None:
    assert repr(value) == printed


def test_a_spec_and_a_profile_print_on_a_line() -> None:
    many = {f"f{i}": ef.count(order, where=order.amount >= i) for i in range(200)}
    spec = shop(features=many)
    profile = ef.fold(spec, [order_at(1_767_225_600_000, amount=3)], unit="ms")
    assert repr(spec) == f"<Spec shop {spec.id[:12]}…: 200 features of order, view>"
    assert repr(profile) == (
        f"<Profile of shop {spec.id[:12]}…: 4 of 200 aggregates, last event 2026-01-01T00:00:00.000Z>"
    )
    assert repr(ef.empty_profile(spec)) == f"<Profile of shop {spec.id[:12]}…: no events>"
    assert "last event 253402300800000 ms" in repr(ef.fold(spec, [order_at(253_402_300_800_000)], unit="ms"))
    long = ef.enum(*(f"value {i}" for i in range(256)))
    assert repr(long) == "enum('value 0', 'value 1', 'value 2', 'value 3', 'value 4', 'value 5', … 250 more)"
