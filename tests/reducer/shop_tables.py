"""A small shop for the tests of tables: its spec, its orders, the rows asked for, and what is right."""

from __future__ import annotations

from typing import Any

import edgefold_reducer as ef
import pandas as pd
import pytest

order = ef.event(
    "order", amount=ef.decimal(2), coupon=ef.string(9, optional=True), country=ef.enum("GB", "FR", optional=True)
)


SPEC = ef.Spec(
    "shop",
    events=[order],
    attributes={"country": ef.enum("GB", "FR")},
    features={"n": ef.count(order), "last": ef.last(order.amount), "coupon": ef.last(order.coupon)},
)


DAY = pd.Timestamp("2026-01-01")


ORDERS = pd.DataFrame(
    {
        "subject": ["a", "a", "b"],
        "time": [DAY] * 3,
        "amount": [1.0, 2.0, 3.0],
        "coupon": ["x", None, "y"],
        "country": "GB",
    }
)


ROWS = pd.DataFrame({"subject": ["a", "b"], "time": [DAY + pd.Timedelta(2, "D")] * 2, "country": ["GB", None]})


ALL = {"n": [2.0, 1.0], "last": [2.0, 3.0], "coupon": ["x", "y"]}


def frame_of(orders: Any, rows: Any = ROWS, **options: Any) -> dict[str, list[Any]]:
    got = ef.training_frame(SPEC, {"order": orders}, rows, progress=False, **options)
    return got.select(list(ALL)).to_pydict()


def refusal(orders: Any, rows: Any = ROWS, **options: Any) -> str:
    with pytest.raises(ef.InvalidTable) as caught:
        frame_of(orders, rows, **options)
    return str(caught.value)
