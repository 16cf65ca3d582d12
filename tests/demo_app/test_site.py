"""The page and the API answer from one application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from edgefold_demo_app.customers import NEWCOMER, STORIES
from flask.testing import FlaskClient

from .shop import all_orders


def fetched(browser: FlaskClient, path: str) -> tuple[int, bytes]:
    with browser.get(path) as answer:
        return answer.status_code, answer.data


def token_of(browser: FlaskClient, subject: str) -> dict[str, str]:
    token = browser.get("/demo/token", query_string={"subject": subject}).get_json()["token"]
    return {"Authorization": f"Bearer {token}"}


def test_the_customers_are_real_but_for_the_newcomer(browser: FlaskClient) -> None:
    shown = browser.get("/demo/customers").get_json()["customers"]
    assert [customer["subject"] for customer in shown] == list(STORIES)
    orders = all_orders()
    for customer in shown:
        real = orders[orders["subject"] == customer["subject"]]
        assert customer["orders"] == real[["time", "cds", "amount"]].to_dict("records")
        assert (len(real) == 0) == (customer["subject"] == NEWCOMER)


@pytest.mark.parametrize("subject", STORIES)
def test_a_token_lets_a_customer_see_their_own_history(browser: FlaskClient, subject: str) -> None:
    answer = browser.get("/v1/profile/export", headers=token_of(browser, subject))
    orders = all_orders()
    known = answer.get_json()
    assert known["subject"] == subject
    last = orders.loc[orders["subject"] == subject, "time"].max()
    assert known["profile"]["last_ms"] == (None if subject == NEWCOMER else last)


def test_nobody_else_gets_a_token(browser: FlaskClient) -> None:
    assert browser.get("/demo/token?subject=00002").status_code == 404
    assert browser.get("/demo/token").status_code == 404


def test_every_file_that_the_page_names_is_served(browser: FlaskClient) -> None:
    html = fetched(browser, "/")[1].decode()
    named = re.findall(r'(?:href|src)="([^"#:]+)"', html)
    assert {"main.js", "main.css", "archivo.woff2", "icon.svg"} <= set(named)
    assert {name: fetched(browser, f"/{name}")[0] for name in named} == dict.fromkeys(named, 200)


def test_every_file_that_the_service_worker_keeps_is_served(browser: FlaskClient) -> None:
    script = fetched(browser, "/service.js")[1].decode()
    listed = re.search(r'\["\./"[^\]]*\]', script)
    assert listed is not None
    kept = re.findall(r'"([^"]+)"', listed[0])
    assert {name: fetched(browser, "/" + name.removeprefix("./"))[0] for name in kept} == dict.fromkeys(kept, 200)


def test_the_bundle_is_served_as_it_was_exported(browser: FlaskClient, output: Path) -> None:
    for path in (output / "bundle").iterdir():
        assert fetched(browser, f"/bundles/repurchase/{path.name}") == (200, path.read_bytes())


def test_no_file_outside_the_page_is_served(browser: FlaskClient) -> None:
    assert browser.get("/../secret").status_code == 404
    assert browser.get("/bundles/repurchase/../secret").status_code == 404
    assert browser.get("/secret").status_code == 404
