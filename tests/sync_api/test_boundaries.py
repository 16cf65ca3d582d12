"""The very moments, numbers and bytes that PROTOCOL.md names, and what happens between two parts there."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
from edgefold_sync_api import body, rate, sync
from edgefold_sync_api.body import MAX_BODY_BYTES, MAX_DEPTH, MAX_MEMBERS, decompress, parse_body
from edgefold_sync_api.caller import Caller
from edgefold_sync_api.diff import parse_diff
from edgefold_sync_api.errors import BodyTooLarge, InvalidRequest, InvalidToken, TooManyReplicas, TooManyRequests
from edgefold_sync_api.sync import put_diff, retire_replica
from edgefold_sync_api.tokens import Token, is_subject, issue_token, read_token
from flask import Flask

from .site import SECRET, diff_of, event_id, make_app, rows_of, server_of, spec

NOW_MS, DAY_MS = 2_000_000_000_000, 86_400_000


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


def put(app: Flask, number: int, replica: int, now_ms: int = NOW_MS, **members: Any) -> str:
    """Send the diff of one event as if it were a moment; return the outcome."""
    diff = parse_diff(lambda _: spec, diff_of([number], replica=f"{replica:032x}", **members), "0" * 32, NOW_MS)
    server = server_of(app)
    return put_diff(server.engine, server.profiles, Caller(Token("ada", None), "0" * 32, now_ms), diff, retire_days=10)[
        0
    ]


def replicas(app: Flask) -> dict[int, bool]:
    """Return each replica, and whether it is retired."""
    return {int(row["replica"], 16): row["is_retired"] for row in rows_of(app)["contributions"]}


# "a replica that has stored nothing for so long is retired"; "replicas per subject"


def test_a_replica_is_retired_when_more_than_the_days_have_passed_and_not_when_just_they_have(app: Flask) -> None:
    put(app, 1, replica=1)
    put(app, 2, replica=2, now_ms=NOW_MS + 10 * DAY_MS)
    assert replicas(app) == {1: False, 2: False}
    put(app, 3, replica=2, now_ms=NOW_MS + 10 * DAY_MS + 1, first=2, prev=event_id(2))
    assert replicas(app) == {1: True, 2: False}


def test_a_device_that_comes_back_after_years_goes_on_where_it_was(app: Flask) -> None:
    put(app, 1, replica=1)
    assert put(app, 2, replica=1, now_ms=NOW_MS + 4_000 * DAY_MS, first=2, prev=event_id(1)) == "applied"
    assert replicas(app) == {1: False}


def test_a_replica_that_is_known_goes_on_in_a_subject_that_is_full(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "MAX_REPLICAS", 2)
    put(app, 1, replica=1)
    put(app, 2, replica=2)
    with pytest.raises(TooManyReplicas):
        put(app, 3, replica=3)
    assert put(app, 3, replica=1, first=2, prev=event_id(1)) == "applied"
    assert put(app, 4, replica=2, first=2, prev=event_id(2)) == "applied"


def test_a_replica_is_retired_once(app: Flask) -> None:
    put(app, 1, replica=1)
    server = server_of(app)
    retire_replica(server.engine, server.profiles, "ada", f"{1:032x}")
    once = rows_of(app)
    for replica in (1, 7):
        retire_replica(server.engine, server.profiles, "ada", f"{replica:032x}")
    assert rows_of(app) == once


# "Limits are published and enforced: body, decompressed size, keys, depth"


def test_a_compressed_body_may_hold_just_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 1_000)
    assert decompress(gzip.compress(b"x" * 1_000)) == b"x" * 1_000
    with pytest.raises(BodyTooLarge):
        decompress(gzip.compress(b"x" * 1_001))
    assert MAX_BODY_BYTES == 1 << 20


@pytest.mark.parametrize(
    "change", [lambda sent: sent[:-1], lambda sent: sent + b"x", lambda sent: sent + sent, lambda sent: b""]
)
def test_a_compressed_body_is_one_whole_member(change: Any) -> None:
    sent = gzip.compress(b"{}")
    assert decompress(sent) == b"{}"
    with pytest.raises(InvalidRequest, match="one whole gzip member"):
        decompress(change(sent))


def test_json_may_be_as_deep_and_as_wide_as_the_limits() -> None:
    for depth, fits in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            if fits:
                parse_body(text.encode())
            else:
                with pytest.raises(InvalidRequest, match="levels"):
                    parse_body(text.encode())
    for members, fits in ((MAX_MEMBERS, True), (MAX_MEMBERS + 1, False)):
        half = members // 2
        text = json.dumps([dict.fromkeys(map(str, range(half)), 1), dict.fromkeys(map(str, range(members - half)), 1)])
        if fits:
            parse_body(text.encode())
        else:
            with pytest.raises(InvalidRequest, match="members"):
                parse_body(text.encode())


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_none(constant: str) -> None:
    with pytest.raises(InvalidRequest, match="JSON"):
        parse_body(f'{{"a": {constant}}}'.encode())


# "Identity comes from the token only"


def test_a_token_is_good_until_its_very_second(monkeypatch: pytest.MonkeyPatch) -> None:
    header = f"Bearer {issue_token(SECRET, 'ada', 1)}"
    end = int(time.time() + 3_600)
    assert read_token(SECRET, header).subject == "ada"
    monkeypatch.setattr(time, "time", lambda: end - 1)
    assert read_token(SECRET, header).subject == "ada"
    monkeypatch.setattr(time, "time", lambda: end + 1)
    with pytest.raises(InvalidToken, match="Expired"):
        read_token(SECRET, header)


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_name_of_the_scheme_has_no_case(kind: str) -> None:
    """RFC 9110, 11.1."""
    assert read_token(SECRET, f"{kind} {issue_token(SECRET, 'ada', 1)}").subject == "ada"


@pytest.mark.parametrize(
    ("subject", "fits"),
    [
        ("a", True),
        ("a" * 255, True),
        ("a" * 256, False),
        ("", False),
        ("a\n", False),
        ("\u202e", False),
        (7, False),
        ("é 😀", True),
    ],
)
def test_a_subject_is_of_1_to_255_printable_characters(subject: object, fits: bool) -> None:
    assert is_subject(subject) == fits


# "rate": a bucket of some seconds


class Clock:
    """A monotonic clock that stands until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stands = Clock()
    monkeypatch.setattr(rate, "time", stands)
    return stands


def test_a_full_bucket_gives_a_burst_and_then_waits_for_the_next_drop(clock: Clock) -> None:
    limit = rate.RateLimit(2.0)
    assert [limit.take("ada") for _ in range(10)] == [0] * 9 + [500]
    with pytest.raises(TooManyRequests):
        limit.take("ada")
    assert limit.take("bob") == 0
    clock.now += 0.5
    assert limit.take("ada") == 500
    clock.now += 0.4
    with pytest.raises(TooManyRequests):
        limit.take("ada")
    clock.now += 0.1
    assert limit.take("ada") == 500, "asking too early took nothing, and what had dripped in stayed"
    clock.now += 1_000
    assert [limit.take("ada") for _ in range(10)][:9] == [0] * 9
    with pytest.raises(TooManyRequests):
        limit.take("ada")


def test_of_too_many_buckets_the_one_longest_not_asked_goes(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "MAX_BUCKETS", 2)
    limit = rate.RateLimit(0.2)
    assert limit.take("ada") == 5_000 and limit.take("bob") == 5_000 and limit.take("cleo") == 5_000
    with pytest.raises(TooManyRequests):
        limit.take("bob")
    assert limit.take("ada") == 5_000, "its bucket had gone, and is full again"
