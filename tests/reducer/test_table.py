"""The batch against the oracle: ``training_frame`` and ``profiles_at`` equal ``fold`` and ``features``, bit for bit."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import duckdb
import edgefold_reducer as ef
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edgefold_reducer.table import frame
from hypothesis import given, settings
from hypothesis import strategies as st

from .batch import event_tables, row_table
from .corpus import same_bits
from .strategies import DAY_MS, START_MS, bodies, sale, spec_of, specs, times

SUBJECTS = ("ann", "😀")
entries = st.lists(st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(("", "B", "a")), bodies), max_size=25)
row_times = st.lists(st.tuples(st.sampled_from((*SUBJECTS, "nobody")), times), min_size=1, max_size=6)


def with_seq(log: list[tuple[str, str, dict[str, Any]]]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(subject, replica, event | {"seq": seq}) for seq, (subject, replica, event) in enumerate(log, 1)]


def oracle(spec: ef.Spec, log: list[tuple[str, str, dict[str, Any]]], subject: str, before_ms: int) -> ef.Profile:
    profile = ef.empty_profile(spec)
    for replica in {replica for _, replica, _ in log}:
        own = [e for s, r, e in log if (s, r) == (subject, replica) and e["time"] < before_ms]
        profile = ef.merge(spec, profile, ef.fold(spec, own, replica=replica, unit="ms"))
    return profile


def check_frame(spec: ef.Spec, log: list[tuple[str, str, dict[str, Any]]], rows: list[tuple[str, int]]) -> None:
    table = ef.training_frame(spec, event_tables(spec, log), row_table(spec, [(s, t, {}) for s, t in rows]), unit="ms")
    for got, (subject, now_ms) in zip(table.to_pylist(), rows, strict=True):
        want = ef.features(spec, oracle(spec, log, subject, now_ms), now_ms)
        differing = {name: (got[name], want[name]) for name in want if not same_bits(got[name], want[name])}
        assert not differing


@settings(max_examples=max(60, settings().max_examples // 10))  # a DuckDB each
@given(specs, entries.map(with_seq), row_times)
def test_a_training_row_equals_the_fold_and_features_of_its_history(spec: ef.Spec, log: Any, rows: Any) -> None:
    check_frame(spec, log, rows)


@settings(max_examples=max(40, settings().max_examples // 10))
@given(specs, entries.map(with_seq), times)
def test_a_base_profile_equals_the_fold_of_the_history(spec: ef.Spec, log: Any, before_ms: int) -> None:
    got = {
        subject: profile.to_json()
        for subject, profile in ef.profiles_at(spec, event_tables(spec, log), before_ms, unit="ms")
    }
    subjects = {subject for subject, _, event in log if event["time"] < before_ms}
    assert got == {subject: oracle(spec, log, subject, before_ms).to_json() for subject in subjects}


def sale_at(time: int, amount: float = 1, **data: Any) -> dict[str, Any]:
    return {"type": "sale", "time": time, "data": {"amount": amount, "gift": False, **data}}


EDGES = with_seq(
    [
        ("ann", "", sale_at(START_MS, 1, genre="rock", points=3)),
        ("ann", "", sale_at(START_MS, 2, genre="jazz", points=5)),
        ("ann", "", sale_at(START_MS + DAY_MS, 4, genre="folk")),
    ]
)
EDGE_ROWS = [("ann", START_MS), ("ann", START_MS + 1), ("ann", START_MS + DAY_MS), ("ann", START_MS + 2 * DAY_MS)]
EDGE_SPEC = spec_of(
    ef.count(sale), ef.last(sale.genre), ef.total(sale.amount), ef.total(sale.points), ef.count(sale, within=ef.days(2))
)


def plant(find: str, replace: str) -> Any:
    original = frame.states_query

    def planted(spec: ef.Spec, event: str, nodes: Any) -> str:
        sql = original(spec, event, nodes)
        assert find in sql, "the fault was not planted"
        return sql.replace(find, replace)

    return planted


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ("e.time < r.time", "e.time <= r.time"),
        ("s := e.seq", "s := -e.seq"),
        ("e.time >= r.start", "e.time > r.start"),
        ('sum(e."f_amount")', 'sum(e."f_points")'),
    ],
    ids=["<= at the read-out", "a lost tie-break", "> at the window's start", "two columns swapped"],
)
def test_the_check_against_the_oracle_sees_a_planted_fault(
    find: str, replace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_frame(EDGE_SPEC, EDGES, EDGE_ROWS)
    monkeypatch.setattr(frame, "states_query", plant(find, replace))
    with pytest.raises(AssertionError):
        check_frame(EDGE_SPEC, EDGES, EDGE_ROWS)


shop = ef.event("order", amount=ef.decimal(2), cds=ef.integer(optional=True), genre=ef.enum("rock", "jazz"))
SHOP = ef.Spec(
    "shop",
    events=[shop],
    attributes={"country": ef.enum("GB", "FR"), "age": ef.integer()},
    features={
        "spent": ef.total(shop.amount),
        "cds": ef.total(shop.cds),
        "last": ef.last(shop.genre),
        "country": ef.attribute("country"),
        "age": ef.attribute("age"),
    },
)
NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
ORDERS = {
    "subject": [1, 1, 2],
    "time": [NOON, NOON, NOON + datetime.timedelta(hours=1)],
    "amount": [0.1, 0.2, 5.0],
    "cds": [1, None, 3],
    "genre": ["rock", "jazz", "rock"],
}
ROWS = {
    "subject": [2, 1, 1, 3],
    "time": [NOON + datetime.timedelta(days=1), NOON + datetime.timedelta(milliseconds=1), NOON, NOON],
    "label": [True, False, True, False],
    "country": ["GB", None, "FR", None],
    "age": [40, None, 7, None],
}
EXPECTED = {"spent": [5.0, 0.3, 0.0, 0.0], "cds": [3.0, 1.0, 0.0, 0.0], "last": ["rock", "jazz", None, None]}


def forms(columns: dict[str, list[Any]], folder: Path) -> dict[str, Any]:
    arrow = pa.table(columns)
    parquet = folder / f"{columns['subject'][0]}.parquet"
    pq.write_table(arrow, parquet)
    milliseconds = [int(time.timestamp() * 1000) for time in columns["time"]]
    return {
        "arrow": arrow,
        "pandas": pd.DataFrame(columns),
        "polars": pl.DataFrame(columns),
        "parquet": parquet,
        "integer times": pa.table(columns | {"time": milliseconds}),
        "categories": pd.DataFrame(columns).astype(dict.fromkeys(columns.keys() & {"genre", "country"}, "category")),
    }


@pytest.mark.parametrize("form", ["arrow", "pandas", "polars", "parquet", "integer times", "categories"])
def test_every_form_of_a_table_gives_the_same_frame(form: str, tmp_path: Path) -> None:
    got = ef.training_frame(SHOP, {"order": forms(ORDERS, tmp_path)[form]}, forms(ROWS, tmp_path)[form])
    assert got.select(list(EXPECTED)).to_pydict() == EXPECTED
    assert got["label"].to_pylist() == ROWS["label"]
    assert got["subject"].to_pylist() == ROWS["subject"]
    assert got["country"].to_pylist() == ROWS["country"]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("amount", {"amount": [0.1, float("nan"), 5.0]}, "amount"),
    ("infinity", {"amount": [0.1, 0.2, float("inf")]}, "amount"),
    ("too large", {"amount": [0.1, 0.2, 1e14]}, "amount"),
    ("text for a number", {"amount": ["1", "2", "3"]}, "amount"),
    ("null where required", {"amount": [0.1, None, 5.0]}, "amount"),
    ("a fraction", {"cds": [1.5, None, 3.0]}, "cds"),
    ("2^53", {"cds": [1, None, 2**53]}, "cds"),
    ("a boolean for an integer", {"cds": [True, None, False]}, "cds"),
    ("outside the enum", {"genre": ["rock", "jazz", "Rock"]}, "genre"),
    ("no subject", {"subject": [1, None, 2]}, "subject"),
    ("no time", {"time": [NOON, None, NOON]}, "time"),
    ("before 1970", {"time": [1, -1, 1]}, "time"),
    ("seq 0", {"seq": [1, 0, 2]}, "seq"),
    ("a bad replica", {"replica": ["a", "my phone", "b"]}, "replica"),
]


@pytest.mark.parametrize(("changed", "field"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_rows_that_the_spec_refuses_raise_one_error(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ef.InvalidTable) as caught:
        ef.training_frame(SHOP, {"order": pa.table(ORDERS | changed)}, pa.table(ROWS))
    assert caught.value.table == "order"
    assert (caught.value.field or "").startswith(field)
    assert "expected" in str(caught.value)


def test_the_error_counts_the_rows_and_shows_the_first() -> None:
    orders = pa.table(ORDERS | {"genre": ["rock", "punk", "ska"]})
    with pytest.raises(ef.InvalidTable) as caught:
        ef.training_frame(SHOP, {"order": orders}, pa.table(ROWS))
    assert (caught.value.refused, caught.value.row, caught.value.field, caught.value.value) == (2, 1, "genre", "punk")


@pytest.mark.parametrize(
    ("tables", "rows"),
    [
        ({}, ROWS),
        ({"order": ORDERS, "view": ORDERS}, ROWS),
        ({"order": {k: v for k, v in ORDERS.items() if k != "genre"}}, ROWS),
        ({"order": ORDERS | {"subject": ["1", "1", "2"]}}, ROWS),
        ({"order": ORDERS}, {k: v for k, v in ROWS.items() if k != "age"}),
        ({"order": ORDERS}, ROWS | {"spent": [1, 2, 3, 4]}),
        ({"order": ORDERS}, ROWS | {"country": ["GB", "DE", None, None]}),
    ],
    ids=[
        "no table",
        "another table",
        "no column",
        "subjects differ",
        "no attribute",
        "a feature's name",
        "bad attribute",
    ],
)
def test_tables_that_do_not_fit_the_spec_are_refused(tables: dict[str, Any], rows: dict[str, Any]) -> None:
    with pytest.raises(ef.InvalidTable, match="expected|rename"):
        ef.training_frame(SHOP, {name: pa.table(columns) for name, columns in tables.items()}, pa.table(rows))


def test_a_list_is_no_table() -> None:
    with pytest.raises(ef.InvalidTable, match="list; expected"):
        ef.training_frame(SHOP, {"order": [1, 2]}, pa.table(ROWS))


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_text("not parquet")
    with pytest.raises(ef.InvalidTable, match=r"orders\.parquet"):
        ef.training_frame(SHOP, {"order": tmp_path / "orders.parquet"}, pa.table(ROWS))


def test_no_rows_give_no_rows_with_all_columns() -> None:
    frame = ef.training_frame(SHOP, {"order": pa.table(ORDERS)}, pa.table(ROWS).slice(0, 0))
    assert (frame.num_rows, frame.column_names[-5:]) == (0, [column.name for column in SHOP.columns])


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgefold_reducer.table.progress.QUIET_SECONDS", 0.0)
    ef.training_frame(SHOP, {"order": pa.table(ORDERS)}, pa.table(ROWS), progress=True)
    assert "100 %" in capsys.readouterr().err


def test_duckdb_sums_of_integers_stay_exact_past_64_bits() -> None:
    big = 2**53 - 1
    orders = pa.table(
        {
            "subject": ["a"] * 3000,
            "time": [1] * 3000,
            "amount": [0.0] * 3000,
            "cds": [big] * 3000,
            "genre": ["rock"] * 3000,
        }
    )
    rows = pa.table(
        {"subject": ["a"], "time": [2], "country": pa.array([None], pa.string()), "age": pa.array([None], pa.int64())}
    )
    assert ef.training_frame(SHOP, {"order": orders}, rows, unit="ms")["cds"].to_pylist() == [float(3000 * big)]
    assert duckdb.sql("SELECT 1").fetchall() == [(1,)], "the caller's own connection still works"
