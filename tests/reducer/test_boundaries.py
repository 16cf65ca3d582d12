"""The very moments, sizes and values that SEMANTICS names: each test quotes the sentence that it holds."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator
from typing import Any

import edgefold_reducer as ef
import pyarrow as pa
import pytest

MAX_SAFE_INTEGER = 2**53 - 1
DAY_MS = 86_400_000
sale = ef.event("sale", price=ef.decimal(12), rate=ef.decimal(3), code=ef.string(20))


def spec_of(**features: Any) -> ef.Spec:
    return ef.Spec("edges", events=[sale], features=features)


def sale_at(time: int, price: float = 0, rate: float = 0, code: str = "", seq: int = 1) -> dict[str, Any]:
    return {"type": "sale", "time": time, "seq": seq, "data": {"price": price, "rate": rate, "code": code}}


# "mean: F(sum) / F(n * 10^s)"


@pytest.mark.parametrize("rows", [9_223, 9_224])
def test_the_divisor_of_a_mean_is_exact_past_64_bits(rows: int) -> None:
    """n * 10^15 passes 2^63 between 9,223 and 9,224 events."""
    spec = spec_of(mean=ef.mean(sale.price * sale.rate))
    events = [sale_at(1, price=0.001, rate=0.5, seq=seq) for seq in range(1, rows + 1)]
    table = pa.table(
        {
            "subject": ["a"] * rows,
            "time": [1] * rows,
            "price": [0.001] * rows,
            "rate": [0.5] * rows,
            "code": [""] * rows,
        }
    )
    frame = ef.training_frame(spec, {"sale": table}, pa.table({"subject": ["a"], "time": [2]}), unit="ms")
    assert (
        frame["mean"].to_pylist() == [0.0005] == list(ef.features(spec, ef.fold(spec, events, unit="ms"), 2).values())
    )


# "the authoring form multiplies the smaller one by {"literal": 10^k, "scale": k}"; "in: for numbers, already at the scale of a"


def test_a_list_with_a_finer_number_than_the_field_selects_by_value() -> None:
    spec = spec_of(hits=ef.count(sale, where=sale.rate.is_in([1, 0.0005, 2.5])))
    events = [sale_at(i, rate=rate, seq=i) for i, rate in enumerate([1, 2.5, 0.001, 0.0, 10_000, 10, 25], start=1)]
    assert ef.features(spec, ef.fold(spec, events, unit="ms"), 9)["hits"] == 2
    where = json.loads(spec.to_json())["features"][0]["where"]
    widened = {"multiply": [{"field": "rate"}, {"literal": 10, "scale": 1}]}
    assert where == {"in": [widened, [10_000, 5, 25_000]]}


# "max_state_bytes: the most bytes that a profile of this spec takes as canonical JSON, whatever its events"


@pytest.mark.parametrize(("within_ms", "hop_ms"), [(7_999, 1_000), (8_000, 1_000), (7_001, 1_000), (1_000, 1_000)])
def test_the_largest_profile_of_a_window_has_as_many_bytes_as_the_spec_says(within_ms: int, hop_ms: int) -> None:
    """Times of 16 digits in every bucket that a window can keep: the bound is reached, but for two commas and a bucket."""
    within, hop = ef.Duration(within_ms), ef.Duration(hop_ms)
    spec = spec_of(since=ef.time_since_last(sale, within=within, hop=hop))
    sizes = []
    for last_ms in range(MAX_SAFE_INTEGER - 2 * hop_ms, MAX_SAFE_INTEGER, 97):
        first = (last_ms + 1 - within_ms) // hop_ms
        buckets = range(first, last_ms // hop_ms + 1)
        events = [sale_at(max(bucket * hop_ms, last_ms if bucket == buckets[-1] else 0), seq=1) for bucket in buckets]
        profile = ef.fold(spec, events, unit="ms")
        assert len(next(iter(profile.state.values()))) == len(buckets)
        sizes.append(len(profile.to_json()))
    bucket = len('"9007199254740":9007199254740991,')
    spare = 2 + (bucket if within_ms % hop_ms < 2 else 0)
    assert max(sizes) == spec.max_state_bytes - spare


def test_the_largest_profile_of_every_other_state_has_as_many_bytes_as_the_spec_says() -> None:
    control, replica = "\u0000" * 20, "r" * 64
    spec = ef.Spec(
        "edges",
        events=[sale],
        features={
            "last": ef.last(sale.code),
            "distinct": ef.distinct(sale.price, cap=3),
            "minimum": ef.minimum(sale.price),
            "first": ef.time_since_first(sale),
        },
    )
    least = -9_007.199_254_740_99
    events = [sale_at(MAX_SAFE_INTEGER, price=least + i, code=control, seq=MAX_SAFE_INTEGER) for i in range(3)]
    profile = ef.fold(spec, events, replica=replica, unit="ms")
    assert 0 <= spec.max_state_bytes - len(profile.to_json()) <= 8


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_have_as_many_bytes_as_the_spec_says(sign: int) -> None:
    """2^53 events of 2^53 each: no test can fold them, but a profile can hold them."""
    spec = spec_of(total=ef.total(sale.rate), mean=ef.mean(sale.rate))
    total, mean = spec.aggregates
    state = {total: str(sign * 2**106), mean: [MAX_SAFE_INTEGER, str(sign * 2**106)]}
    text = ef.canonical_json({"last_ms": MAX_SAFE_INTEGER, "spec": spec.id, "state": state})
    assert ef.Profile.from_json(spec, text).to_json() == text
    assert 0 <= spec.max_state_bytes - len(text) <= (1 if sign < 0 else 3)


# "window_ms and hop_ms are integers >= 1,000, window >= hop, window / hop <= 4,096"


def test_a_window_of_exactly_4096_hops_is_taken_and_one_more_millisecond_is_refused() -> None:
    spec = spec_of(n=ef.count(sale, within=ef.days(4_096), hop=ef.days(1)))
    text = spec.to_json()
    assert ef.Spec.from_json(text).id == spec.id
    with pytest.raises(ef.InvalidSpec, match="4,096 hops"):
        ef.Spec.from_json(text.replace(str(4_096 * DAY_MS), str(4_096 * DAY_MS + 1)))


def test_a_window_and_its_hop_may_be_one_second_and_no_less() -> None:
    spec_of(n=ef.count(sale, within=ef.Duration(1_000), hop=ef.Duration(1_000)))
    for within_ms, hop_ms in ((1_000, 999), (999, 999), (1_000, 1_001)):
        with pytest.raises(ef.InvalidSpec):
            spec_of(n=ef.count(sale, within=ef.Duration(within_ms), hop=ef.Duration(hop_ms)))


# profiles_at: "time is in ms since the Unix epoch, or a datetime (naive ones are UTC)"


@pytest.fixture
def zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Etc/GMT-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone_of_the_machine")
def test_a_naive_time_of_profiles_at_is_utc_whatever_the_machine_says() -> None:
    spec = spec_of(n=ef.count(sale))
    noon = datetime.datetime(2026, 1, 1, 12)
    noon_ms = 20_454 * DAY_MS + DAY_MS // 2
    times = [noon_ms - 3_600_000, noon_ms - 1, noon_ms, noon_ms + 3_599_999]
    columns = {"price": [0.0] * 4, "rate": [0.0] * 4, "code": [""] * 4}
    table = pa.table({"subject": ["a"] * 4, "time": times, **columns})
    zoned = noon.replace(tzinfo=datetime.UTC)
    elsewhere = zoned.astimezone(datetime.timezone(datetime.timedelta(hours=-7)))
    for moment in (noon, zoned, elsewhere, noon_ms):
        [(_, profile)] = ef.profiles_at(spec, {"sale": table}, moment)
        assert profile.last_ms == noon_ms - 1


# "Refused with InvalidEvent, in this order: … for each declared field in order of name"


def test_of_several_wrong_fields_the_first_by_name_is_told_however_they_were_declared() -> None:
    for names in (("a", "b", "Z"), ("b", "Z", "a"), ("Z", "a", "b")):
        kinds = ef.event("e", **dict.fromkeys(names, ef.integer()))
        spec = ef.Spec("order", events=[kinds], features={"n": ef.count(kinds)})
        for wrong, first in (
            ({"a": "", "b": "", "Z": ""}, "Z"),
            ({"a": "", "b": "", "Z": 1}, "a"),
            ({"Z": 1, "a": 1}, "b"),
        ):
            with pytest.raises(ef.InvalidEvent) as caught:
                ef.fold(spec, [{"type": "e", "time": 1, "data": wrong}], unit="ms")
            assert caught.value.field == first


def test_what_is_wrong_with_an_event_is_told_in_the_order_of_the_contract() -> None:
    spec = spec_of(n=ef.count(sale))
    event: dict[str, Any] = {"type": 1, "time": -1, "seq": 0, "data": [], "extra": 1}
    for field, right in (
        ("type", "sale"),
        ("time", 0),
        ("seq", 1),
        ("data", {"unknown": 1, "code": 2}),
        ("unknown", None),
    ):
        with pytest.raises(ef.InvalidEvent) as caught:
            ef.fold(spec, [event], unit="ms")
        assert caught.value.field == field
        event = event | {field: right} if field != "unknown" else event
    assert caught.value.expected.startswith("a declared field")


# "A spec has 1 to 500 features"; "at most 256" values


def test_the_most_features_and_values_are_taken_and_one_more_is_refused() -> None:
    for count, fits in ((500, True), (501, False)):
        features = {f"f{i}": ef.count(sale) for i in range(count)}
        if fits:
            assert ef.Spec.from_json(spec_of(**features).to_json()).columns[-1].name == "f499"
        else:
            with pytest.raises(ef.InvalidSpec, match="1 to 500"):
                spec_of(**features)
    ef.enum(*(f"{i:064}" for i in range(256)))
    with pytest.raises(ef.InvalidSpec, match="1 to 256"):
        ef.enum(*(str(i) for i in range(257)))


# "-0 becomes 0"; "ratio: a / b; missing when either is missing or NaN, or b = 0"


def test_a_default_of_minus_0_reads_out_as_0() -> None:
    row = ef.features(spec := spec_of(m=ef.mean(sale.price, default=-0.0)), ef.empty_profile(spec), 1)
    assert str(row["m"]) == "0.0"


def test_a_ratio_by_a_negative_number_is_read_and_by_0_is_missing() -> None:
    spec = spec_of(r=ef.ratio(ef.count(sale), ef.total(sale.rate)))
    for rate, expected in ((-2, -0.5), (2, 0.5), (0, None)):
        row = ef.features(spec, ef.fold(spec, [sale_at(1, rate=rate)], unit="ms"), 2)
        assert row["r"] == expected or (expected is None and row["r"] != row["r"])  # NaN


# "a duration: a positive, whole number of milliseconds", under 2^53


def test_a_duration_is_one_millisecond_to_the_largest_integer() -> None:
    assert ef.minutes(1 / 60_000).milliseconds == 1
    for count in (0, -1, 2**53 / 60_000, 0.5 / 60_000, float("inf")):
        with pytest.raises(ef.InvalidSpec):
            ef.minutes(count)


# "A result of arithmetic with |n| >= 2^53 refuses the event, whichever feature asked for it and whatever its where"


@pytest.mark.parametrize("sign", [1, -1])
def test_arithmetic_may_come_to_exactly_2_53_less_1_and_no_further(sign: int) -> None:
    kind = ef.event("e", n=ef.integer(), rare=ef.boolean())
    moved = kind.n + 1 if sign > 0 else kind.n - 1
    for node in (
        ef.total(moved),
        ef.count(kind, where=moved.is_in([5])),
        ef.count(kind, where=kind.rare & (moved > 5)),
    ):
        spec = ef.Spec("edge", events=[kind], features={"n": node})
        taken = {"type": "e", "time": 1, "data": {"n": sign * (MAX_SAFE_INTEGER - 1), "rare": False}}
        assert ef.fold(spec, [taken], unit="ms").last_ms == 1
        with pytest.raises(ef.InvalidEvent, match="arithmetic"):
            ef.fold(spec, [{"type": "e", "time": 1, "data": {"n": sign * MAX_SAFE_INTEGER, "rare": False}}], unit="ms")


# "times that all lie outside 1990 to 2200 are refused"


@pytest.mark.parametrize("year", [1990, 2200])
def test_times_are_doubted_from_the_very_moments_that_the_contract_names(year: int) -> None:
    spec, edge = spec_of(n=ef.count(sale)), int(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000)
    inside, outside = (edge, edge - 1) if year == 1990 else (edge - 1, edge)
    assert ef.fold(spec, [sale_at(inside)]).last_ms == inside
    assert ef.fold(spec, [sale_at(outside), sale_at(inside, seq=2), sale_at(0, seq=3)]).last_ms == max(inside, outside)
    with pytest.raises(ef.InvalidEvent, match="1990 to 2200; as ms that is") as caught:
        ef.fold(spec, [sale_at(outside)])
    assert ".." not in str(caught.value)
    assert ef.fold(spec, [sale_at(outside)], unit="ms").last_ms == outside


def test_times_in_seconds_are_told_the_unit_to_type() -> None:
    with pytest.raises(ef.InvalidEvent, match='say unit="s"'):
        ef.fold(spec_of(n=ef.count(sale)), [sale_at(1_767_225_600)])
