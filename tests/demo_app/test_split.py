"""The split is honest: training sees nothing of what it is measured on, and no row sees its own future."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
import pytest
from edgefold_demo_app.rows import DAY_MS, HORIZON_DAYS, LABEL, SPLIT, Split, date_ms, label_end, labelled_rows
from edgefold_demo_app.training import feature_columns, frame_of
from pandas.testing import assert_frame_equal

from .shop import all_orders, some_orders

CUT = date(1998, 1, 1)


def check_apart(split: Split) -> None:
    """No label window of an earlier part reaches into a later one."""
    assert max(map(label_end, split.fit)) <= min(split.choose)
    assert max(map(label_end, split.train)) <= min(split.evaluate)


def check_blind(
    orders: pd.DataFrame, split: Split, frame: Callable[[pd.DataFrame, Split], pd.DataFrame] = frame_of
) -> None:
    """A row's features are the same when every order from its cut on is removed."""
    whole = frame(orders, split)
    for cut in split.train + split.evaluate:
        at = whole[whole["time"] == date_ms(cut)].reset_index(drop=True)
        before = orders[orders["time"] < date_ms(cut)]
        alone = frame(before, Split((cut,), (), ()))
        assert_frame_equal(at[["subject", *feature_columns()]], alone[["subject", *feature_columns()]])


def test_no_label_window_reaches_into_a_later_part() -> None:
    check_apart(SPLIT)


def test_the_last_label_window_ends_within_the_data() -> None:
    last_day = all_orders()["time"].max()
    assert date_ms(max(map(label_end, SPLIT.evaluate))) <= last_day + DAY_MS


def test_the_evaluations_windows_do_not_overlap() -> None:
    first, second = SPLIT.evaluate
    assert label_end(first) <= second


def test_the_features_of_a_row_do_not_change_when_later_orders_are_removed() -> None:
    check_blind(some_orders(), Split(SPLIT.fit[:1], SPLIT.choose, SPLIT.evaluate[-1:]))


def test_a_label_counts_the_cut_itself_and_not_the_day_after_the_window() -> None:
    known = date_ms(CUT - timedelta(days=40))
    days = {"on the cut": 0, "last day": HORIZON_DAYS - 1, "day after": HORIZON_DAYS, "never": None}
    orders = pd.DataFrame(
        [{"subject": subject, "time": known} for subject in days]
        + [{"subject": s, "time": date_ms(CUT) + day * DAY_MS} for s, day in days.items() if day is not None]
    )
    labels = dict(zip(*labelled_rows(orders, (CUT,))[["subject", LABEL]].to_dict("list").values(), strict=True))
    assert labels == {"on the cut": 1, "last day": 1, "day after": 0, "never": 0}


def test_who_has_not_bought_before_a_cut_has_no_row() -> None:
    orders = pd.DataFrame({"subject": ["early", "late"], "time": [date_ms(CUT) - 1, date_ms(CUT)]})
    assert labelled_rows(orders, (CUT,))["subject"].tolist() == ["early"]


def test_the_check_of_the_windows_sees_a_planted_overlap() -> None:
    with pytest.raises(AssertionError):
        check_apart(Split(SPLIT.fit, SPLIT.choose, (SPLIT.evaluate[0] - timedelta(days=1),)))


def test_the_check_of_the_features_sees_a_planted_leak() -> None:
    def a_day_early(orders: pd.DataFrame, split: Split) -> pd.DataFrame:
        return frame_of(orders.assign(time=orders["time"] - DAY_MS), split)

    with pytest.raises(AssertionError):
        check_blind(some_orders(), Split(SPLIT.fit[:1], (), ()), frame=a_day_early)
