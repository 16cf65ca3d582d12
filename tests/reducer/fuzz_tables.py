"""Random tables, renamed, retyped, reordered, unsorted, doubled: ``training_frame`` equals the fold of their rows told as events, or both refuse.

A case is one call. ``python -m tests.reducer.fuzz_tables SEED COUNT`` runs many; the test beside it a short slice.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import duckdb
import edgefold_reducer as ef
import pyarrow as pa
from edgefold_reducer.event import event_fields
from edgefold_reducer.table import frame

from .corpus import same_bits
from .fuzz_columns import NASTY, Column, attribute_column, column_of, kept_columns, subject_column, time_column
from .fuzz_forms import form_of, long_form

sale = ef.event(
    "sale",
    amount=ef.decimal(2),
    Amount=ef.integer(optional=True),
    points=ef.integer(optional=True),
    gift=ef.boolean(),
    genre=ef.enum("rock", "jazz", "café", optional=True),
    note=ef.string(3, optional=True),
)
Sale = ef.event("Sale", note=ef.string(4, optional=True), country=ef.decimal(0, optional=True))
ATTRIBUTES = {"country": ef.enum("GB", "FR"), "Country": ef.integer()}
NODES = {
    "n": ef.count(sale),
    "spent": ef.total(sale.amount),
    "where": ef.count(sale, where=(sale.amount >= 3) | sale.gift),
    "mean": ef.mean(sale.points),
    "window": ef.total(sale.amount, within=ef.days(2)),
    "first": ef.first(sale.genre),
    "last": ef.last(sale.note),
    "last_gift": ef.last(sale.gift),
    "apart": ef.total(sale.Amount),
    "product": ef.maximum(sale.Amount * sale.points),
    "since": ef.time_since_last(sale, unit=ef.hours(1)),
    "genres": ef.count_by(sale.genre),
    "notes": ef.distinct(sale.note, cap=2),
    "others": ef.count(Sale),
    "other_last": ef.last(Sale.note),
    "land": ef.minimum(Sale.country),
    "country": ef.attribute("country"),
    "Country": ef.attribute("Country"),
}


def some_specs() -> list[ef.Spec]:
    """Return specs that share out the features, and one without attributes."""
    rng, specs = Random(0), []
    for _ in range(12):
        names = sorted(rng.sample(sorted(NODES), 5))
        attributes = ATTRIBUTES if any(name in ATTRIBUTES for name in names) else {}
        features = {name: NODES[name] for name in names}
        specs.append(ef.Spec("fuzz", events=[sale, Sale], attributes=attributes, features=features))
    return specs


SPECS = some_specs()
TROUBLES = ("subject", "time", "zone", "columns", "columns", "absent", "all")


@dataclass
class Told:
    """A table as columns, and its rows as the events that they mean."""

    columns: dict[str, Column] = field(default_factory=dict)
    rows: int = 0
    absent: list[str] = field(default_factory=list)
    """Optional names without a column, which ``missing`` names."""

    unit: str | None = None
    """That its own source says."""
    unnamed: bool = False
    """Whether they are not named, so that the table is refused."""

    def take(self, indices: list[int]) -> None:
        """Keep these rows, some perhaps twice."""
        self.rows = len(indices)
        for name, column in self.columns.items():
            events = [column.events[index] for index in indices]
            self.columns[name] = replace(column, array=taken(column.array, indices), events=events)

    def values(self, name: str) -> list[Any]:
        return self.columns[name].events if name in self.columns else [None] * self.rows


def taken(array: pa.Array, indices: list[int]) -> pa.Array:
    """Return some values of an array of any type: Arrow's own take lacks some types."""
    return pa.concat_arrays([array.slice(0, 0), *(array.slice(index, 1) for index in indices)])


@dataclass
class Case:
    """What is given to ``training_frame``, and what is expected of it."""

    spec: ef.Spec
    tables: Any
    rows: Any
    options: dict[str, Any]
    told: dict[str, Told]
    told_rows: Told
    kept: pa.Table


def make_case(rng: Random) -> Case:
    """Return one random case."""
    spec = rng.choice(SPECS)
    unit = rng.choice((None, None, None, "s", "ms", "us", "ns"))
    zoned = rng.random() < 0.3
    kind = rng.choice(("string", "string", "integer", "uuid"))
    trouble = rng.choice(TROUBLES) if rng.random() < 0.4 else None
    told = {
        name: tell(rng, event_fields(spec.events[name]), unit, zoned, kind, trouble, rng.choice((0, 1, 3, 8, 12)))
        for name in spec.events
    }
    rows = tell(rng, spec.attributes, unit, zoned, kind, trouble, rng.choice((0, 1, 2, 4)), of_rows=True)
    columns: dict[str, str] = {}
    if rng.random() < 0.3:
        columns = {"subject": rng.choice(NASTY[:5]), "time": rng.choice(NASTY[5:])}
    if rng.random() < 0.1:
        tables, named = long_form(rng, told, columns)
        columns |= named
    else:
        tables = {name: form_of(rng, part, columns).source for name, part in told.items()}
    given_rows = form_of(rng, rows, columns, kept_columns(rng, rows.rows))
    options: dict[str, Any] = {"unit": unit} | ({"columns": columns} if columns else {})
    return Case(spec, tables, given_rows.source, options, told, rows, given_rows.arrow)


def tell(
    rng: Random,
    fields: dict[str, Any],
    unit: str | None,
    zoned: bool,
    kind: str,
    trouble: str | None,
    rows: int,
    *,
    of_rows: bool = False,
) -> Told:
    """Return a random table of these fields; ``trouble`` makes columns or values likely that are refused, mostly of one sort."""
    told = Told(rows=rows)
    odd = 0.15 if trouble in ("columns", "all") else 0.0
    told.columns["subject"] = subject_column(rng, rows, kind, 0.4 if trouble == "subject" else odd)
    if trouble == "zone" and rng.random() < 0.5:
        zoned = not zoned
    told.columns["time"] = time_column(rng, rows, unit, zoned, 0.4 if trouble == "time" else odd)
    if not of_rows and rng.random() < 0.4:
        told.columns["seq"] = column_of(rng, ef.integer(), [rng.randint(1, 5) for _ in range(rows)], odd / 2)
    if not of_rows and rng.random() < 0.2:
        told.columns["replica"] = column_of(rng, ef.string(9), [rng.choice("aB-") for _ in range(rows)], 0)
    for name, field_of in fields.items():
        if (field_of.optional or of_rows) and rng.random() < 0.15:
            told.absent.append(name)
        else:
            told.columns[name] = attribute_column(rng, field_of, rows, odd, optional=of_rows)
    if rows and rng.random() < 0.2:  # doubled rows
        told.take([rng.randrange(rows) for _ in range(rows + 2)])
    told.unnamed = bool(told.absent) and rng.random() < (0.5 if trouble == "absent" else odd)
    return told


class Refused(Exception):
    """The oracle refuses the case."""


def expected_rows(case: Case) -> list[dict[str, Any]]:
    """Return each row's features by fold and features, or raise Refused."""
    unit = case.options["unit"]
    everything = [*case.told.values(), case.told_rows]
    for told in everything:
        wrong = [name for name, column in told.columns.items() if column.wrong]
        if (wrong and told.rows) or told.unnamed:
            raise Refused(f"types of {wrong}" if wrong else f"{told.absent} are missing")
        times = [time for time in told.values("time") if time is not None and 0 <= time < 2**53]
        if (
            (unit or told.unit) is None
            and times
            and not any(631_152_000_000 <= time < 7_258_118_400_000 for time in times)
        ):
            raise Refused("times of another unit")
    everything = [told for told in everything if told.rows]
    if len({told.columns["subject"].kind for told in everything}) > 1:
        raise Refused("subjects of several kinds")
    if len({told.columns["time"].kind for told in everything} - {None}) > 1:
        raise Refused("times with and without a zone")
    events = [event for name, told in case.told.items() for event in as_events(case.spec, name, told)]
    found = []
    for row in range(case.told_rows.rows):
        subject, time = (case.told_rows.values(name)[row] for name in ("subject", "time"))
        if subject is None or time is None or not 0 <= time < 2**53:
            raise Refused("a row without subject or time")
        attributes = {name: case.told_rows.values(name)[row] for name in case.spec.attributes}
        profile = ef.empty_profile(case.spec)
        own = [(replica, event) for whose, replica, event in events if whose == subject and event["time"] < time]
        for name in {replica for replica, _ in own}:
            part = ef.fold(case.spec, [event for replica, event in own if replica == name], name, **UNCHECKED)
            profile = ef.merge(case.spec, profile, part)
        try:
            found.append(ef.features(case.spec, profile, time, attributes))
        except ef.ReducerError as error:
            raise Refused(str(error)) from None
    return found


UNCHECKED: dict[str, Any] = {"unit": "ms"}


def as_events(spec: ef.Spec, name: str, told: Told) -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """Yield (subject, replica, event) of each row of a table, or raise Refused."""
    fields = event_fields(spec.events[name])
    for row in range(told.rows):
        subject, time, seq, replica = (told.values(column)[row] for column in ("subject", "time", "seq", "replica"))
        data = {column: told.values(column)[row] for column in fields}
        if "seq" in told.columns and seq is None:
            raise Refused("no seq")
        if "replica" in told.columns and replica is None:
            raise Refused("no replica")
        event = {"type": name, "time": time, "seq": row + 1 if seq is None else seq, "data": data}
        try:
            ef.validate_event(spec, event)
        except ef.InvalidEvent as error:
            raise Refused(str(error)) from None
        if subject is None:
            raise Refused("no subject")
        yield subject, replica or "", event


def check(case: Case) -> bool:
    """Compare one case; return whether both refuse it."""
    refused: str | None = None
    try:
        expected = expected_rows(case)
    except Refused as why:
        refused = str(why)
    try:
        got = ef.training_frame(case.spec, case.tables, case.rows, progress=False, **case.options)
    except ef.InvalidTable as error:
        if refused is None or "expected" not in str(error).lower() or "can't be computed" in str(error):
            raise AssertionError(f"refused, though the oracle says {refused or 'that it is right'}: {error}") from error
        return True
    assert refused is None, f"taken though the oracle refuses: {refused}"
    names = [column.name for column in case.spec.columns]
    for row, (want, have) in enumerate(zip(expected, got.select(names).to_pylist(), strict=True)):
        differing = {name: (have[name], want[name]) for name in want if not same_bits(have[name], want[name])}
        assert not differing, f"row {row}: {differing}"
    kept = [name for name in case.kept.column_names if name not in names]
    assert got.column_names == [*kept, *names]
    for name in kept:
        assert got[name].type == case.kept[name].type, name
        assert repr(got[name].to_pylist()) == repr(case.kept[name].to_pylist()), name
    return False


@contextmanager
def one_database() -> Iterator[None]:
    """Let all calls share one DuckDB, each with a connection of its own: to start one costs more than a case."""
    config = {"python_enable_replacements": "false", "preserve_insertion_order": "true", "threads": "1"}
    base, original = duckdb.connect(":memory:", config=config), frame.database

    @contextmanager
    def shared() -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = base.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    frame.database = shared  # type: ignore[assignment]  # as pytest's monkeypatch, outside of pytest too
    try:
        yield
    finally:
        frame.database = original
        base.close()


def run(seed: int, numbers: Sequence[int] | range) -> int:
    """Check cases by number; return how many both refuse. A failure names its seed and number."""
    refused = 0
    with one_database():
        for number in numbers:
            case = make_case(Random(f"{seed}:{number}"))
            try:
                refused += check(case)
            except Exception as error:
                raise AssertionError(f"seed {seed}, case {number}: {type(error).__name__}: {error}") from error
    return refused


if __name__ == "__main__":
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for start in range(0, count, 1000):
        refused = run(seed, range(start, min(start + 1000, count)))
        print(f"seed {seed}: {start + 1000} cases, the last 1000 with {refused} refusals", flush=True)
