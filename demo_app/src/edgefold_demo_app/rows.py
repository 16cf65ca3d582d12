"""Rows to train and to evaluate on: every customer at several cut dates, labelled by what came after.

A row knows only the orders before its cut, its label only those of the HORIZON after it. The label windows of training
end before the first cut of the evaluation, so nothing that training saw is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

HORIZON_DAYS = 60
DAY_MS = 86_400_000

LABEL = "bought_again"


@dataclass(frozen=True)
class Split:
    """The cut dates of fitting (the last choose the model), and those of the evaluation."""

    fit: tuple[date, ...]
    choose: tuple[date, ...]
    evaluate: tuple[date, ...]

    @property
    def train(self) -> tuple[date, ...]:
        """The cuts that the chosen model is fitted on."""
        return self.fit + self.choose


# Every customer of CDNOW first bought in the first quarter of 1997.
SPLIT = Split(
    fit=tuple(date(1997, month, 1) for month in range(5, 12)),
    choose=(date(1998, 1, 1),),
    evaluate=(date(1998, 3, 2), date(1998, 5, 1)),
)


def date_ms(day: date) -> int:
    """Return midnight UTC of a day, in ms since 1970."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def label_end(cut: date) -> date:
    """Return the first day after the label window of a cut."""
    return cut + timedelta(days=HORIZON_DAYS)


def labelled_rows(orders: pd.DataFrame, cuts: tuple[date, ...]) -> pd.DataFrame:
    """Give each customer who has bought before a cut a row for it.

    Columns: subject, time (the cut, ms), bought_again (1 where an order has cut <= time < cut + HORIZON_DAYS).
    """
    return pd.concat([_rows_at(orders, cut) for cut in cuts], ignore_index=True)


def _rows_at(orders: pd.DataFrame, cut: date) -> pd.DataFrame:
    cut_ms, end_ms = date_ms(cut), date_ms(label_end(cut))
    known = np.sort(orders.loc[orders["time"] < cut_ms, "subject"].unique())
    later = orders.loc[(orders["time"] >= cut_ms) & (orders["time"] < end_ms), "subject"]
    return pd.DataFrame({"subject": known, "time": cut_ms, LABEL: np.isin(known, later.unique()).astype("int64")})
