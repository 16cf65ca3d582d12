"""Hypothesis strategies: specs over every aggregate, and events of them."""

from __future__ import annotations

from typing import Any

import edgefold_reducer as ef
from edgefold_reducer.aggregates import registered
from edgefold_reducer.node import Node
from hypothesis import strategies as st

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 20_454 * DAY_MS
WORDS = ("a", "b", "😀", "\uffee", "toString")

sale = ef.event(
    "sale",
    amount=ef.decimal(2),
    points=ef.integer(optional=True),
    gift=ef.boolean(),
    genre=ef.enum("rock", "jazz", "folk", optional=True),
    note=ef.string(3, optional=True),
)
visit = ef.event("visit", page=ef.string(8))

PREDICATES = (
    None,
    sale.amount >= 3,
    sale.gift & (sale.points > 0),
    sale.genre.is_in(["rock", "folk"]) | sale.note.is_missing(),
    ~(sale.note == "a"),
)
NUMBERS = (sale.amount, sale.points, sale.amount - 2, sale.points * 3)
FIELDS = (sale.amount, sale.points, sale.gift, sale.genre, sale.note)
WINDOWS = (None, (ef.days(2), ef.hours(6)), (ef.hours(5), ef.hours(2)), (ef.minutes(7), ef.minutes(3)))


def node_of(aggregate: str) -> st.SearchStrategy[Node]:
    """Return nodes of one aggregate, with and without predicate and window."""

    def build(where: Any, window: Any, number: Any, field: Any) -> Node:
        within, hop = window or (None, None)
        options: dict[str, Any] = {"where": where, "within": within, "hop": hop}
        make = getattr(ef, aggregate)
        if aggregate in ("count", "time_since_first", "time_since_last"):
            return make(sale, **options)  # type: ignore[no-any-return]  # any of the authoring functions
        if aggregate == "count_by":
            return make(sale.genre, **options) if field is sale.genre else make(sale.note, keys=WORDS[:3], **options)  # type: ignore[no-any-return]
        if aggregate == "total_by":
            return make(number, sale.note, keys=WORDS[2:], **options)  # type: ignore[no-any-return]
        if aggregate == "distinct":
            return make(field, cap=2, **options)  # type: ignore[no-any-return]
        value = field if aggregate in ("first", "last") else number
        return make(value, **options)  # type: ignore[no-any-return]

    picks = (st.sampled_from(choices) for choices in (PREDICATES, WINDOWS, NUMBERS, FIELDS))
    return st.builds(build, *picks)


def spec_of(*nodes: Node) -> ef.Spec:
    """Return a spec of these nodes and a count of visits, so that another type's events come too."""
    features = {f"f{i}": node for i, node in enumerate(nodes)} | {"visits": ef.count(visit)}
    return ef.Spec("laws", events=[sale, visit], features=features)


specs = st.lists(st.sampled_from(registered()).flatmap(node_of), min_size=1, max_size=5).map(
    lambda nodes: spec_of(*nodes)
)

times = st.one_of(
    st.integers(0, 4).map(lambda hours: START_MS + hours * HOUR_MS),
    st.integers(START_MS, START_MS + 4 * DAY_MS),
    st.sampled_from([START_MS - 1, START_MS, START_MS + 1, START_MS + 40 * DAY_MS, 0]),
)
integers = st.one_of(st.integers(-3, 3), st.sampled_from([3_002_399_751_580_330, -3_002_399_751_580_330]))
sales = st.fixed_dictionaries(
    {"amount": st.sampled_from([0, 1, 2.995, 3, 0.1, -7.25, 70_000_000_000_000]), "gift": st.booleans()},
    optional={
        "points": st.none() | integers,
        "genre": st.sampled_from(["rock", "jazz", "folk"]),
        "note": st.sampled_from([*WORDS[:4], "ab"]),
    },
)
visits = st.fixed_dictionaries({"page": st.sampled_from(["home", "cart"])})
bodies = st.one_of(
    st.builds(lambda time, data: {"type": "sale", "time": time, "data": data}, times, sales),
    st.builds(lambda time, data: {"type": "visit", "time": time, "data": data}, times, visits),
)
logs = st.lists(bodies, max_size=25).map(lambda log: [event | {"seq": seq} for seq, event in enumerate(log, 1)])
"""Logs of one replica: events with their seq, in no order of time."""
