"""``training_frame`` beside the same features hand-written in DuckDB SQL, and beside the pure-Python oracle on a sample.

The SQL is what a careful analyst would write for these ten features: one join on time, one aggregate a feature, windows cut at the hop.
It checks no row, and sums the amounts as exact DECIMALs.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any

import duckdb
import edgefold_reducer as ef
import pyarrow as pa
import pyarrow.compute as pc
from workload import DAY_MS, GENRES, as_events, order_table, row_table, spec

DAY_START = "(r.time - {window}) // {hop} * {hop}"


def hand_written(orders: pa.Table, rows: pa.Table) -> pa.Table:
    """Compute the features of the spec in SQL."""
    in_30d, in_90d = (f"e.time >= {DAY_START.format(window=days * DAY_MS, hop=DAY_MS)}" for days in (30, 90))
    amount = "CAST(e.amount AS DECIMAL(18, 2))"
    genres = ", ".join(f"count(*) FILTER (e.genre = '{genre}')::DOUBLE AS \"by_genre={genre}\"" for genre in GENRES)
    spent = ", ".join(
        f"coalesce(sum({amount}) FILTER (e.genre = '{genre}' AND {in_30d}), 0)::DOUBLE AS \"spent_by_genre={genre}\""
        for genre in GENRES
    )
    query = f"""
        WITH r AS (SELECT *, row_number() OVER () AS row FROM rows)
        SELECT any_value(r.subject) AS subject, any_value(r.time) AS time,
            count(e.time)::DOUBLE AS orders,
            count(*) FILTER ({in_90d})::DOUBLE AS orders_90d,
            count(*) FILTER (e.amount >= 20 AND NOT e.gift)::DOUBLE AS large_orders,
            coalesce(sum({amount}) FILTER ({in_30d}), 0)::DOUBLE AS spent_30d,
            coalesce((100 * sum({amount}))::DOUBLE / (100 * count(e.time)), 0) AS amount_mean,
            (any_value(r.time) - max(e.time)) / {float(DAY_MS)} AS days_since_order,
            arg_max(e.genre, (e.time, e.seq)) AS last_genre,
            {genres}, {spent},
            least(count(DISTINCT e.coupon), 16)::DOUBLE AS coupons
        FROM r LEFT JOIN orders e ON e.subject = r.subject AND e.time < r.time
        GROUP BY r.row ORDER BY r.row
    """
    with duckdb.connect() as connection:
        connection.register("orders", orders)
        connection.register("rows", rows)
        return connection.sql(query).to_arrow_table()


def oracle(orders: pa.Table, rows: pa.Table) -> list[dict[str, Any]]:
    """Compute the features of each row by fold and features."""
    wanted = pc.unique(rows["subject"])
    events: dict[int, list[dict[str, Any]]] = defaultdict(list)
    own = orders.filter(pc.is_in(orders["subject"], wanted))
    for subject, event in zip(own["subject"].to_pylist(), as_events(own), strict=True):
        events[subject].append(event)
    found = []
    for row in rows.to_pylist():
        before = [event for event in events[row["subject"]] if event["time"] < row["time"]]
        found.append(ef.features(spec, ef.fold(spec, before), row["time"]))
    return found


def timed(run: Callable[[pa.Table, pa.Table], Any], orders: pa.Table, rows: pa.Table, rounds: int) -> tuple[float, Any]:
    """Return (the median of seconds, the last result)."""
    seconds, result = [], None
    for _ in range(rounds):
        started = time.perf_counter()
        result = run(orders, rows)
        seconds.append(time.perf_counter() - started)
    return median(seconds), result


def main(events: int, rows: int, rounds: int, sample: int = 200) -> None:
    """Print one line of JSON."""
    subjects = rows // 2
    orders, wanted = order_table(events, subjects), row_table(rows, subjects)
    ours, frame = timed(lambda o, r: ef.training_frame(spec, {"order": o}, r, progress=False), orders, wanted, rounds)
    sql, table = timed(hand_written, orders, wanted, rounds)
    some = wanted.slice(0, sample)
    python, expected = timed(oracle, orders, some, 1)
    for name in frame.column_names:  # no speed of a wrong answer
        assert frame[name].combine_chunks().equals(table[name].combine_chunks()) or _both_missing(
            frame[name], table[name]
        )
    for row, want in zip(frame.slice(0, sample).to_pylist(), expected, strict=True):
        assert all(row[name] == value or repr(row[name]) == repr(value) == "nan" for name, value in want.items())
    print(
        json.dumps(
            {
                "benchmark": "training_frame",
                "events": events,
                "rows": rows,
                "features": len(spec.features),
                "seconds": round(ours, 3),
                "hand_written_sql_seconds": round(sql, 3),
                "ratio_to_sql": round(ours / sql, 2),
                "oracle_seconds_for_all_rows": round(python / sample * rows, 1),
                "ratio_to_oracle": round(ours / (python / sample * rows), 5),
            }
        )
    )


def _both_missing(ours: pa.ChunkedArray, sql: pa.ChunkedArray) -> bool:
    """Whether two columns are equal but for NaN, which SQL writes as null."""
    filled = sql.combine_chunks().fill_null(-1.0)
    return bool(
        pc.all(pc.equal(pc.if_else(pc.is_nan(ours.combine_chunks()), -1.0, ours.combine_chunks()), filled)).as_py()
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("1000000", "100000", "3")))
