"""A smaller CDNOW for the tests: every 20th customer."""

from __future__ import annotations

from functools import cache

import pandas as pd
from edgefold_demo_app.cdnow import read_orders


@cache
def all_orders() -> pd.DataFrame:
    return read_orders()


@cache
def some_orders() -> pd.DataFrame:
    orders = all_orders()
    return orders[orders["subject"].astype(int) % 20 == 1].reset_index(drop=True)
