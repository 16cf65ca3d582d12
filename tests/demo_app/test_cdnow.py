"""The purchases are those that the literature describes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from edgefold_demo_app import cdnow
from edgefold_demo_app.rows import date_ms

from .shop import all_orders


def test_there_are_as_many_purchases_and_customers_as_published() -> None:
    orders = all_orders()
    assert (len(orders), orders["subject"].nunique()) == (69_659, 23_570)
    assert (cdnow.PURCHASES, cdnow.CUSTOMERS) == (69_659, 23_570)


def test_the_purchases_run_from_new_year_1997_to_the_end_of_june_1998() -> None:
    times = all_orders()["time"]
    assert (times.min(), times.max()) == (date_ms(date(1997, 1, 1)), date_ms(date(1998, 6, 30)))


def test_every_customer_first_bought_in_the_first_quarter() -> None:
    firsts = all_orders().groupby("subject")["time"].min()
    assert firsts.max() < date_ms(date(1997, 4, 1))


def test_the_orders_of_a_customer_are_numbered_from_one() -> None:
    first = all_orders().groupby("subject")["seq"]
    assert (first.min() == 1).all()
    assert (first.max() == first.count()).all()


def test_a_file_of_the_same_form_is_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "orders.txt"
    path.write_text("header\n 00007 19970101  2   29.33\n 00007 19970102  1   11.77\n")
    assert cdnow.read_orders(path).to_dict("list") == {
        "subject": ["00007", "00007"],
        "time": [852_076_800_000, 852_163_200_000],
        "seq": [1, 2],
        "cds": [2, 1],
        "amount": [29.33, 11.77],
    }


def test_without_lifetimes_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdnow, "find_spec", lambda name: None)
    with pytest.raises(cdnow.CdnowMissing, match="pip install lifetimes") as raised:
        cdnow.cdnow_path()
    assert raised.value.path is None
