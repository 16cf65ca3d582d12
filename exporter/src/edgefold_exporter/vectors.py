"""Golden cases of a spec: events, made from the spec alone, to the profile, the features and the score."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import edgefold_reducer as ef
from edgefold_reducer.event import event_fields
from edgefold_reducer.field import Boolean, Decimal, Enum, Field, Integer, String
from edgefold_reducer.node import AggregateNode

DAY_MS = 86_400_000
START_MS = 20_454 * DAY_MS  # 2026-01-01
TEXTS = ("a", "caf\u00e9", "cafe\u0301", "\U0001f600", "\uffee", "\u4e2d\u6587", '"\\\n', "constructor")
Json = dict[str, Any]


def events_of(spec: ef.Spec, rng: random.Random, count: int, span_ms: int, *, edges: bool = False) -> list[Json]:
    """Return about ``count`` valid events of a spec over ``span_ms``, oldest first, numbered from 1.

    Every event type comes in turn, and every optional field is left out now and then. ``edges``: values at the ends of their ranges.
    """
    times = sorted(START_MS + rng.randrange(span_ms) for _ in range(count))
    made: list[Json] = []
    for index, time in enumerate(times):
        name = list(spec.events)[index % len(spec.events)]
        fields = event_fields(spec.events[name])
        data = {
            field: _value(spec, name, field, kind, rng, edges)
            for field, kind in fields.items()
            if not (kind.optional and rng.random() < 0.3)
        }
        event = {"type": name, "time": time, "seq": len(made) + 1, "data": data}
        try:
            ef.validate_event(spec, event)
        except ef.InvalidEvent:
            continue  # arithmetic of the spec on values at the ends may pass 2^53
        made.append(event)
    return made


def _value(spec: ef.Spec, event: str, name: str, field: Field, rng: random.Random, edges: bool) -> Any:
    if isinstance(field, Boolean):
        return rng.random() < 0.5
    if isinstance(field, Enum):
        return rng.choice(field.values)
    if isinstance(field, String):
        return rng.choice([*_keys(spec, event, name), *TEXTS])[: field.max]
    if isinstance(field, Integer):
        return rng.choice((0, -1, 1, 2**31, -(2**31), 1_000_003)) if edges else rng.randint(0, 20)
    assert isinstance(field, Decimal)
    step = 10.0**-field.scale
    return rng.choice((0.0, step, -step, step / 2, 1_000_003.0)) if edges else round(rng.uniform(0, 200), field.scale)


def _keys(spec: ef.Spec, event: str, field: str) -> list[str]:
    nodes = [node for node in spec.aggregates.values() if node.event == event and node.key == field]
    return sorted({key for node in nodes for key in node.keys or ()})


def histories(spec: ef.Spec) -> Iterator[Json]:
    """Yield a dozen cases without their results: name, replica, events, now_ms, attributes. The same for the same spec."""
    rng = random.Random(spec.id)
    windows = sorted(
        {n.window_ms for n in spec.aggregates.values() if isinstance(n, AggregateNode) and n.window_ms}
    ) or [30 * DAY_MS]
    types = len(spec.events)

    def case(name: str, events: list[Json], later_ms: int = 1, given: bool = True, replica: str = "a") -> Json:
        last_ms = max((event["time"] for event in events), default=START_MS)
        attributes = {
            attribute: _value(spec, "", attribute, field, rng, False) for attribute, field in spec.attributes.items()
        }
        now_ms = last_ms + later_ms
        return {
            "name": name,
            "replica": replica,
            "events": events,
            "now_ms": now_ms,
            "attributes": attributes if given else {},
        }

    yield case("an empty history, with attributes", [])
    yield case("an empty history, without attributes", [], given=False)
    yield case("one event of each type", events_of(spec, rng, types, DAY_MS))
    yield case("one event of each type, without attributes", events_of(spec, rng, types, DAY_MS), DAY_MS, given=False)
    yield case("events of one moment", events_of(spec, rng, 4 * types, 1))
    yield case("values at the ends of their ranges", events_of(spec, rng, 6 * types, DAY_MS, edges=True))
    yield case("events within the shortest window", events_of(spec, rng, 8 * types, windows[0]), windows[0] // 3 or 1)
    yield case("events over twice the longest window", events_of(spec, rng, 12 * types, 2 * windows[-1]))
    yield case("read when the longest window has passed", events_of(spec, rng, 6 * types, DAY_MS), windows[-1] + DAY_MS)
    yield case("many events", events_of(spec, rng, 40 * types, windows[-1]), DAY_MS // 2)
    late = events_of(spec, rng, 6 * types, 3 * DAY_MS)
    yield case("one event arrives late", [*late[1:], late[0]], replica="b")
    yield case("without a replica's name", events_of(spec, rng, 5 * types, 2 * DAY_MS), 3_600_000, replica="")


def without_nan(row: Json) -> Json:
    """Return features as JSON: a missing number is null."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
