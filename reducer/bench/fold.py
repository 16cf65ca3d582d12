"""Events a second of ``fold`` in Python, validation included, beside a hand-written loop over the same ten features.

The loop is what one would write for one model: it checks nothing, sums floats, and merges with nothing.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import edgefold_reducer as ef
from workload import COUPONS, DAY_MS, as_events, order_table, spec

Events = Sequence[dict[str, Any]]


def hand_written(events: Events) -> dict[str, Any]:
    """Fold orders as one would without the library."""
    count = large = 0
    spent = 0.0
    last_time, last_genre = -1, None
    by_genre: Counter[str] = Counter()
    orders_a_day: Counter[int] = Counter()
    spent_a_day: dict[int, float] = defaultdict(float)
    genre_a_day: dict[tuple[int, str], float] = defaultdict(float)
    coupons = set()
    for event in events:
        data, moment = event["data"], event["time"]
        amount, genre, day = data["amount"], data["genre"], moment // DAY_MS
        count += 1
        spent += amount
        large += amount >= 20 and not data["gift"]
        if moment >= last_time:
            last_time, last_genre = moment, genre
        by_genre[genre] += 1
        orders_a_day[day] += 1
        spent_a_day[day] += amount
        genre_a_day[day, genre] += amount
        if data["coupon"] is not None:
            coupons.add(data["coupon"])
    return {
        "count": count, "large": large, "spent": spent, "last": (last_time, last_genre), "genres": by_genre,
        "days": (orders_a_day, spent_a_day, genre_a_day), "coupons": coupons,
    }  # fmt: skip


def rate(run: Callable[[Events], object], events: Events, rounds: int) -> int:
    """Return the median of events a second."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        run(events)
        seconds.append(time.perf_counter() - started)
    return round(len(events) / median(seconds))


def main(count: int, rounds: int) -> None:
    """Print one line of JSON."""
    events = as_events(order_table(count, subjects=1))
    profile = ef.fold(spec, events)
    check, row = hand_written(events), ef.features(spec, profile, (profile.last_ms or 0) + 1)
    assert (check["count"], check["large"], set(COUPONS)) == (row["orders"], row["large_orders"], check["coupons"])
    ours = rate(lambda given: ef.fold(spec, given, replica="bench"), events, rounds)
    loop = rate(hand_written, events, rounds)
    print(
        json.dumps(
            {
                "benchmark": "fold in Python",
                "events": count,
                "features": len(spec.features),
                "rounds": rounds,
                "events_per_second": ours,
                "hand_written_loop_per_second": loop,
                "ratio": round(ours / loop, 3),
            }
        )
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("100000", "5")))
