"""Random forms of the fuzz: the library that a table comes from, the names of its columns, one long table for all."""

from __future__ import annotations

import atexit
import itertools
import json
import math
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import duckdb
import edgefold_reducer as ef
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from .fuzz_columns import NASTY

if TYPE_CHECKING:
    from .fuzz_tables import Told

FORMS = (
    "arrow",
    "arrow",
    "chunks",
    "reader",
    "dataset",
    "pandas",
    "pandas",
    "pandas of arrow",
    "polars",
    "lazy",
    "duckdb",
    "parquet",
)
FOLDER = Path(tempfile.mkdtemp(prefix="edgefold-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
CONNECTION = duckdb.connect()
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Form:
    """A table as its caller has it, and the same as Arrow."""

    source: Any
    arrow: pa.Table


def form_of(rng: Random, told: Told, columns: dict[str, str], kept: dict[str, pa.Array] | None = None) -> Form:
    """Return a told table under random names, its columns in random order, in a random library's form."""
    names = {name: columns.get(name, name) for name in told.columns}
    own: dict[str, str] = {}
    for name in names:
        other = rng.choice(NASTY)
        if name not in columns and other not in names.values() and rng.random() < 0.1:
            own[name] = names[name] = other
    arrays = {names[name]: column.array for name, column in told.columns.items()}
    arrays |= {name: array for name, array in (kept or {}).items() if name not in arrays}
    for name in rng.sample(NASTY, 2):
        if rng.random() < 0.2 and name not in arrays:
            arrays[name] = pa.array(["own"] * told.rows)
    order = list(arrays)
    rng.shuffle(order)
    arrow = pa.table({name: arrays[name] for name in order})
    form = rng.choice(FORMS)
    try:
        made = as_form(rng, form, arrow)
    except Exception:  # a library that does not have one of the types: the table comes as Arrow
        form, made = "arrow", Form(arrow, arrow)
    if form == "pandas":  # which writes NaN for missing numbers, so that NaN is missing
        for name, column in told.columns.items():
            events = [None if isinstance(v, float) and math.isnan(v) else v for v in column.events]
            told.columns[name] = replace(column, events=events)
    missing = [] if told.unnamed else told.absent
    return Form(ef.source(made.source, columns=own, missing=missing), made.arrow) if own or missing else made


def as_form(rng: Random, form: str, arrow: pa.Table) -> Form:
    if form in ("polars", "lazy", "duckdb") and not all(is_plain(type) for type in arrow.schema.types):
        form = "arrow"
    if form == "chunks":
        cut = rng.randint(0, arrow.num_rows)
        return Form(pa.concat_tables([arrow.slice(0, cut), arrow.slice(cut)]), arrow)
    if form == "reader":
        return Form(arrow.to_reader(max_chunksize=2), arrow)
    if form == "dataset":
        return Form(ds.dataset(arrow), arrow)
    if form == "pandas":
        frame = arrow.to_pandas()
        return Form(frame, pa.Table.from_pandas(frame))
    if form == "pandas of arrow":
        frame = arrow.to_pandas(types_mapper=pd.ArrowDtype)
        return Form(frame, pa.Table.from_pandas(frame))
    if form in ("polars", "lazy"):
        of_polars = pl.DataFrame(arrow)
        assert isinstance(of_polars, pl.DataFrame)
        return Form(of_polars.lazy() if form == "lazy" else of_polars, of_polars.to_arrow())
    if form == "duckdb":
        relation = CONNECTION.from_arrow(arrow)
        assert list(relation.columns) == arrow.column_names, "it renames what differs in case"
        return Form(relation, relation.to_arrow_table())
    if form == "parquet":
        path = FOLDER / "day=3" / f"{next(NUMBERS) % 50}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(arrow, path)
        return Form(str(path), ds.dataset(path, partitioning=None).to_table())
    return Form(arrow, arrow)


def is_plain(type: pa.DataType) -> bool:
    """Whether every library has the type, and keeps it."""
    plain = (
        pa.types.is_integer(type) or pa.types.is_string(type) or pa.types.is_boolean(type) or pa.types.is_date32(type)
    )
    return bool(
        plain or type in (pa.float32(), pa.float64()) or (pa.types.is_timestamp(type) and type.tz in (None, "UTC"))
    )


def long_form(rng: Random, told: dict[str, Told], columns: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """Return one long table of all the events, with their fields as JSON; the told tables become what it means."""
    called = {"sale": "Order Completed", "Sale": "sale"}
    lines: list[tuple[str, int]] = [(name, row) for name, part in told.items() for row in range(part.rows)]
    rng.shuffle(lines)
    kinds = {part.columns["subject"].kind for part in told.values()}
    texts = kinds != {"integer"}
    rows: dict[str, list[Any]] = {"event": [], "subject": [], "time": [], "properties": []}
    missing = []
    for name, part in told.items():
        part.take([row for of, row in lines if of == name])
        part.absent, part.unnamed, part.unit = [], False, "ms"
        for order in ("seq", "replica"):
            part.columns.pop(order, None)
        fields = [field for field in part.columns if field not in ("subject", "time")]
        for field, column in part.columns.items():
            shown = [str(v) if field == "subject" and texts and v is not None else v for v in column.events]
            part.columns[field] = replace(column, events=shown, wrong=False, kind=None)
        part.columns["subject"] = replace(part.columns["subject"], kind="string" if texts else "integer")
        seen = {field for field in fields if any(v is not None for v in part.columns[field].events)}
        missing += [f"{name}.{field}" for field in {*ALL_OPTIONAL[name]} - seen]
        missing += [] if part.rows else [name]
    places = dict.fromkeys(told, 0)
    for name, _ in lines:
        part, row = told[name], places[name]
        places[name] += 1
        rows["event"].append(called[name])
        rows["subject"].append(part.columns["subject"].events[row])
        rows["time"].append(part.columns["time"].events[row])
        data = {f: c.events[row] for f, c in part.columns.items() if f not in ("subject", "time")}
        rows["properties"].append(json.dumps({f: v for f, v in data.items() if v is not None}))
    rows = {columns.get(name, name): values for name, values in rows.items()}
    subject, time = (columns.get(name, name) for name in ("subject", "time"))
    types = {subject: pa.string() if texts else pa.int64(), time: pa.int64()}
    arrow = pa.table({name: pa.array(values, types.get(name, pa.string())) for name, values in rows.items()})
    table = ef.long_table(
        rng.choice((arrow, arrow.to_pandas(), pl.DataFrame(arrow)))
        if None not in rows[time] + rows[subject]
        else arrow,
        type="event",
        properties="properties",
        events=called,
        unit="ms",
        missing=missing,
    )
    return table, {}


ALL_OPTIONAL = {"sale": ("Amount", "points", "genre", "note"), "Sale": ("note", "country")}
