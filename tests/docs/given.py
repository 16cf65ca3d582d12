"""What an example needs that it does not say: tables, a fitted model, and what a page has of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from edgefold_demo_app.cdnow import read_orders
from sklearn.ensemble import HistGradientBoostingClassifier

from .examples import run_python
from .markdown import ROOT, Document

Names = dict[str, Any]
BEFORE = pd.Timestamp("1998-01-01")


def _orders() -> pd.DataFrame:
    """Real purchases of CDNOW; genre and gift are made of the number of CDs."""
    orders = read_orders()
    orders = orders[orders["subject"].astype(int) % 40 == 1].reset_index(drop=True)
    genres = orders["cds"].map(lambda cds: ("rock", "jazz", "folk")[cds % 3])
    return orders.assign(gift=orders["cds"] > 2, genre=genres)


def _tables() -> Names:
    orders = _orders()
    late = set(orders["subject"][pd.to_datetime(orders["time"], unit="ms") >= BEFORE])
    rows = pd.DataFrame({"subject": sorted(set(orders["subject"])), "time": BEFORE})
    rows["label"] = [int(subject in late) for subject in rows["subject"]]
    return {"orders": orders, "rows": rows, "time": BEFORE}


def _reducer() -> Names:
    orders = _orders()
    tables = _tables()
    return tables | {
        "orders": orders.assign(genre=orders["genre"].replace("folk", "rock"), coupon=None)[
            ["subject", "time", "amount", "genre", "coupon"]
        ]
    }


def _readme() -> Names:
    return _tables() | {"model": HistGradientBoostingClassifier()}


def _after_exporter() -> Names:
    """The bundle of the exporter's example, and its rows."""
    names: Names = {}
    for block in Document("", (ROOT / "exporter/README.md").read_text("utf-8")).of("python"):
        run_python(block.code, names)
    return {"rows": names["X"]}


PYTHON: dict[str, Callable[[], Names]] = {
    "README.md": _readme,
    "reducer/README.md": _reducer,
    "serving/README.md": _after_exporter,
    "sync_api/README.md": lambda: {"secret": "a secret of the tests, of over thirty-two bytes"},
}
"""The names that the examples of a document use and do not define; the document's blocks run one after the other."""

TYPESCRIPT = """
import type * as edgefold from 'edgefold'
declare global {
  const client: edgefold.Client
  const token: string
  function fetchToken(): Promise<string>
  function show(...shown: unknown[]): void
  type Read = edgefold.Read
  type Found = edgefold.Found
  type Write<Result> = edgefold.Write<Result>
}
"""
"""What the page of an example has: an open client, its own functions, and types that are named without an import."""
