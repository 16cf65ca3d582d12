"""A handful of real customers, and one newcomer, for the page."""

from __future__ import annotations

from typing import Any

import pandas as pd

NEWCOMER = "new"

# Their numbers are those of the data; each has bought in another way.
STORIES = {
    "22794": "buys every month",
    "00001": "bought once",
    "00081": "stopped in September",
    "00891": "came back after a year",
    "01965": "is always here",
    NEWCOMER: "walked in just now",
}


def customers(orders: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the page's customers, each with ``subject``, ``story`` and ``orders`` (time in ms, cds, amount in dollars)."""
    chosen = orders[orders["subject"].isin(STORIES)]
    histories: dict[Any, list[Any]] = {
        subject: history[["time", "cds", "amount"]].to_dict("records") for subject, history in chosen.groupby("subject")
    }
    return [
        {"subject": subject, "story": story, "orders": histories.get(subject, [])} for subject, story in STORIES.items()
    ]
