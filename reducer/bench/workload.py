"""What the benchmarks of the reducer fold: ten features over orders."""

from __future__ import annotations

from typing import Any

import edgefold_reducer as ef
import numpy as np
import pyarrow as pa

START_MS = 1_767_225_600_000
DAY_MS = 86_400_000
GENRES = ("rock", "jazz", "folk")
COUPONS = ("SPRING", "SUMMER", "AUTUMN", "WINTER")

order = ef.event(
    "order",
    amount=ef.decimal(2),
    quantity=ef.integer(),
    gift=ef.boolean(),
    genre=ef.enum(*GENRES),
    coupon=ef.string(20, optional=True),
)
large = order.amount >= 20

spec = ef.Spec(
    "repurchase",
    events=[order],
    features={
        "orders": ef.count(order),
        "orders_90d": ef.count(order, within=ef.days(90)),
        "large_orders": ef.count(order, where=large & ~order.gift),
        "spent_30d": ef.total(order.amount, within=ef.days(30)),
        "amount_mean": ef.mean(order.amount, default=0),
        "days_since_order": ef.time_since_last(order, unit=ef.days(1)),
        "last_genre": ef.last(order.genre),
        "by_genre": ef.count_by(order.genre),
        "spent_by_genre": ef.total_by(order.amount, order.genre, within=ef.days(30)),
        "coupons": ef.distinct(order.coupon, cap=16),
    },
)


def order_table(orders: int, subjects: int, seed: int = 1) -> pa.Table:
    """Return a table of orders over 180 days, in order of time: subject, time, seq and the fields."""
    random = np.random.default_rng(seed)
    coupons = np.array([*COUPONS, None], dtype=object)
    return pa.table(
        {
            "subject": random.integers(0, subjects, orders),
            "time": START_MS + np.sort(random.integers(0, 180 * DAY_MS, orders)),
            "seq": np.arange(1, orders + 1),
            "amount": random.integers(0, 10_000, orders) / 100,
            "quantity": random.integers(1, 6, orders),
            "gift": random.random(orders) < 0.2,
            "genre": pa.array(np.array(GENRES, dtype=object)[random.integers(0, 3, orders)], pa.string()),
            "coupon": pa.array(coupons[random.choice(5, orders, p=[0.1, 0.1, 0.1, 0.1, 0.6])], pa.string()),
        }
    )


def row_table(rows: int, subjects: int, seed: int = 2) -> pa.Table:
    """Return rows to label: a subject and a time within the orders' 180 days each."""
    random = np.random.default_rng(seed)
    return pa.table(
        {
            "subject": random.integers(0, subjects, rows),
            "time": START_MS + random.integers(0, 180 * DAY_MS, rows),
        }
    )


def as_events(table: pa.Table) -> list[dict[str, Any]]:
    """Return the orders of a table as events."""
    return [
        {
            "type": "order",
            "time": row["time"],
            "seq": row["seq"],
            "data": {k: row[k] for k in ("amount", "quantity", "gift", "genre", "coupon")},
        }
        for row in table.to_pylist()
    ]
