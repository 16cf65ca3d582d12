"""Random cases over everything a spec can say, the same for a seed: what every language must answer alike.

``python tests/conformance/generate.py SEED COUNT`` prints them, a line of JSON each. A case is ``{"spec", "parts": [{"replica", "events"}],
"now_ms", "attributes"}``; its parts are folded apart and merged. About one case in five has something wrong in it.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 20_454 * DAY_MS
MAX_SAFE_INTEGER = 2**53 - 1
NAMES = (
    "amount",
    "constructor",
    "toString",
    "points",
    "Gift",
    "genre",
    "note_2",
    "valueOf",
    "z",
    "hasOwnProperty",
)
WORDS = (
    "a",
    "b",
    "rock",
    "jazz",
    "__proto__",
    "toString",
    "😀",
    "\uffee",
    "é",
    "e\u0301",
    "10",
    "9",
    '"\\\n',
    "\u0000",
)
WINDOWS = (
    (2 * DAY_MS, 6 * HOUR_MS),
    (5 * HOUR_MS, 2 * HOUR_MS),
    (420_000, 180_000),
    (1_000, 1_000),
    (30 * DAY_MS, DAY_MS),
)
NUMBERS = (0, 1, 2, 3, -1, -7, 100, 2.995, 0.285, -0.005, 1e-7, 19.99, 1.005, 123_456.789)
LARGE = (
    MAX_SAFE_INTEGER,
    -MAX_SAFE_INTEGER,
    3_002_399_751_580_330,
    90_071_992_547_409.91,
    -70_000_000_000_000,
)
BROKEN = (None, True, -1, 0, 1.5, 2**53, 1e300, "", "x", "\ud83d", [], {}, "__other__")


def cases(seed: int, count: int) -> Iterator[Json]:
    """Yield ``count`` cases; the n-th of a seed does not depend on the count."""
    for number in range(count):
        yield case(random.Random(f"{seed} {number}"))


def case(rng: random.Random) -> Json:
    """Return one case; one in four is extreme: large numbers, which no arithmetic refuses, and times that tie."""
    extreme = rng.random() < 0.25
    spec = spec_of(rng, arithmetic=not extreme)
    replicas = rng.choices(("", "a") if extreme else ("", "a", "B", "0-_"), k=rng.randint(1, 3))
    parts = [part_of(rng, spec, replica, extreme) for replica in replicas]
    last_ms = max((event["time"] for part in parts for event in part["events"]), default=START_MS)
    made = {
        "spec": spec,
        "parts": parts,
        "now_ms": last_ms + rng.choice((1, 1, 1, 1_000, HOUR_MS, DAY_MS - 1, DAY_MS, 29 * DAY_MS)),
        "attributes": {name: value_of(rng, field) for name, field in spec["attributes"].items() if rng.random() < 0.7},
    }
    wrong = rng.random()
    if wrong < 0.1:
        made["spec"] = broken(rng, spec)
    elif wrong < 0.2:
        break_one(rng, parts)
    elif wrong < 0.23:
        made["now_ms"] = rng.choice((last_ms, last_ms - 1, -1, 2**53, 1.5))
    elif wrong < 0.26:
        made["attributes"] = made["attributes"] | {rng.choice(NAMES): rng.choice(BROKEN)}
    return made


def break_one(rng: random.Random, parts: list[Json]) -> None:
    """Put a fault into an event, or into the name of a replica."""
    part = rng.choice(parts)
    if part["events"] and rng.random() < 0.9:
        index = rng.randrange(len(part["events"]))
        part["events"][index] = broken(rng, part["events"][index])
    else:
        part["replica"] = rng.choice((" ", "é", "a" * 65, "a\n"))


def broken(rng: random.Random, value: Any) -> Any:
    """Return JSON with one member, somewhere in it, dropped, replaced, copied or added."""
    changed = copy.deepcopy(value)
    places = list(_containers(changed))
    container = rng.choice(places)
    keys: list[Any] = list(container) if isinstance(container, dict) else list(range(len(container)))
    if not keys or rng.random() < 0.1:
        if isinstance(container, dict):
            container[rng.choice(NAMES)] = rng.choice(BROKEN)
        else:
            container.append(rng.choice(BROKEN))
        return changed
    key = rng.choice(keys)
    if rng.random() < 0.2:
        del container[key]
    elif rng.random() < 0.3:
        container[key] = copy.deepcopy(rng.choice(places))
    else:
        container[key] = rng.choice(BROKEN)
    return changed


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for member in value.values() if isinstance(value, dict) else value:
            yield from _containers(member)


def spec_of(rng: random.Random, arithmetic: bool) -> Json:
    """Return a valid spec, with arithmetic in its expressions or without."""
    events = {name: fields_of(rng) for name in rng.sample(("order", "view", "constructor"), rng.randint(1, 2))}
    attributes = {name: field_of(rng) for name in rng.sample(NAMES, rng.randint(0, 2))}
    features = [{"name": f"f{i}"} | feature_of(rng, events, attributes) for i in range(rng.randint(1, 8))]
    if not arithmetic:
        features = [feature for feature in features if not _computes(feature)] or [{"name": "f"} | _count(events)]
    triggers = rng.sample(list(events), rng.randint(0, len(events)))
    return {
        "edgefold": 1,
        "name": "random",
        "events": events,
        "attributes": attributes,
        "features": features,
        "triggers": triggers,
    }


def relative_of(rng: random.Random, spec: Json) -> Json:
    """Return a spec with some of another's aggregates and some of its own, over fields whose vocabularies grew or shrank.

    It may be invalid: where an expression or a default names a value that is gone.
    """
    relative = copy.deepcopy(spec)
    for field in (field for fields in relative["events"].values() for field in fields.values()):
        if field["type"] == "enum":
            kept = [value for value in field["values"] if rng.random() < 0.6]
            grown = [word for word in WORDS if word not in field["values"] and rng.random() < 0.2]
            field["values"] = [*grown, *kept] or field["values"]
        elif field["type"] == "string":
            field["max"] = rng.choice((1, 2, 4, 20))
    own = [{"name": f"g{i}"} | feature_of(rng, spec["events"], {}) for i in range(rng.randint(0, 3))]
    relative["features"] = [feature for feature in relative["features"] if rng.random() < 0.7] + own
    relative["features"] = relative["features"] or [{"name": "n"} | _count(spec["events"])]
    return relative


def _computes(feature: Json) -> bool:
    return any(f'"{operator}"' in json.dumps(feature) for operator in ("add", "subtract", "multiply"))


def _count(events: Json) -> Json:
    return {"aggregate": "count", "event": next(iter(events))}


def fields_of(rng: random.Random) -> Json:
    return {name: field_of(rng) for name in rng.sample(NAMES, rng.randint(1, 6))}


def field_of(rng: random.Random) -> Json:
    field: Json = rng.choice(
        (
            {"type": "integer"},
            {"type": "decimal", "scale": rng.choice((0, 1, 2, 2, 3, 6, 12))},
            {"type": "boolean"},
            {"type": "enum", "values": rng.sample(WORDS, rng.randint(1, 4))},
            {"type": "string", "max": rng.choice((1, 2, 4, 20))},
        )
    )
    return field | ({"optional": True} if rng.random() < 0.4 else {})


def feature_of(rng: random.Random, events: Json, attributes: Json) -> Json:
    """Return a read-out: an aggregate, else a ratio or an attribute."""
    pick = rng.random()
    if attributes and pick < 0.1:
        name = rng.choice(list(attributes))
        text = "values" in attributes[name] or "max" in attributes[name]
        default = attributes[name].get("values", ["none"])[0] if text else -2.5
        return {"attribute": name} | ({"default": default} if rng.random() < 0.5 else {})
    if pick < 0.25:
        sides = [
            aggregate_of(rng, events, ("count", "total", "mean", "distinct", "minimum", "time_since_first"))
            for _ in "ab"
        ]
        return {"ratio": sides} | ({"default": rng.choice((0, 0.1))} if rng.random() < 0.5 else {})
    return aggregate_of(rng, events, AGGREGATES)


AGGREGATES = (
    "count", "total", "mean", "minimum", "maximum", "first", "last", "time_since_first", "time_since_last",
    "count_by", "total_by", "distinct",
)  # fmt: skip


def aggregate_of(rng: random.Random, events: Json, names: tuple[str, ...]) -> Json:
    """Return an aggregate node; where the event lacks a field that it needs, a count."""
    event = rng.choice(list(events))
    fields = events[event]
    numbers = [name for name in fields if _scale(fields[name]) is not None]
    texts = [name for name in fields if fields[name]["type"] in ("enum", "string")]
    name = rng.choice(names)
    needs_number = name in ("total", "mean", "minimum", "maximum", "total_by")
    if (needs_number and not numbers) or (name.endswith("_by") and not texts):
        name = "count"
        needs_number = False
    node: Json = {"aggregate": name, "event": event}
    if needs_number:
        node["value"] = number_of(rng, fields, _scale(fields[rng.choice(numbers)]) or 0, 2, must_read=True)
    elif name in ("first", "last", "distinct"):
        node["value"] = {"field": rng.choice(list(fields))}
    if name == "distinct":
        node["cap"] = rng.choice((1, 2, 3, 16))
    if name.startswith("time_since"):
        node["unit_ms"] = rng.choice((1, 1_000, DAY_MS, 7))
    if name.endswith("_by"):
        node["key"] = rng.choice(texts)
        if fields[node["key"]]["type"] == "string":
            node["keys"] = rng.sample(WORDS, rng.randint(1, 5))
    if rng.random() < 0.5:
        node["where"] = predicate_of(rng, fields, 3)
    if rng.random() < 0.5:
        node["window_ms"], node["hop_ms"] = rng.choice(WINDOWS)
    if name in ("mean", "minimum", "maximum", "time_since_first", "time_since_last") and rng.random() < 0.3:
        node["default"] = rng.choice((0, -1, 0.1, 1e-7))
    return node


def _scale(field: Json) -> int | None:
    return {"integer": 0, "decimal": field.get("scale")}.get(field["type"])


def number_of(rng: random.Random, fields: Json, scale: int, depth: int, must_read: bool = False) -> Json:
    """Return a number expression of a scale, which reads a field where it must."""
    known = [name for name in fields if _scale(fields[name]) == scale]
    literal = {"literal": rng.choice((0, 1, -3, 7, 2000))} | ({"scale": scale} if scale else {})
    if known and (depth == 0 or rng.random() < 0.5):
        return {"field": rng.choice(known)}
    if depth > 0 and (known or not must_read):
        operator = rng.choice(("add", "subtract", "multiply"))
        if operator == "multiply":
            return {
                "multiply": [
                    number_of(rng, fields, scale, depth - 1, must_read),
                    number_of(rng, fields, 0, depth - 1),
                ]
            }
        return {
            operator: [
                number_of(rng, fields, scale, depth - 1, must_read),
                number_of(rng, fields, scale, depth - 1),
            ]
        }
    return literal


def predicate_of(rng: random.Random, fields: Json, depth: int) -> Json:
    """Return a predicate."""
    operator = rng.choice(("and", "or", "not", "field", "field", "field", "is_missing")) if depth else "field"
    if operator in ("and", "or"):
        return {operator: [predicate_of(rng, fields, depth - 1), predicate_of(rng, fields, depth - 1)]}
    if operator == "not":
        return {"not": predicate_of(rng, fields, depth - 1)}
    name = rng.choice(list(fields))
    field, value = fields[name], {"field": name}
    if operator == "is_missing":
        return {"is_missing": value}
    scale = _scale(field)
    if scale is not None:
        if rng.random() < 0.3:
            return {"in": [value, rng.sample((-7, 0, 1, 2, 3, 100, 2000), 3)]}
        compare = rng.choice(("equal", "not_equal", "less", "less_or_equal", "greater", "greater_or_equal"))
        return {compare: [number_of(rng, fields, scale, 1), number_of(rng, fields, scale, 1)]}
    if field["type"] == "boolean":
        return rng.choice((value, {"equal": [value, {"literal": rng.random() < 0.5}]}))
    words = field.get("values", WORDS)
    if rng.random() < 0.5:
        return {"in": [value, rng.sample(words, rng.randint(1, min(3, len(words))))]}
    return {rng.choice(("equal", "not_equal")): [value, {"literal": rng.choice(words)}]}


def part_of(rng: random.Random, spec: Json, replica: str, extreme: bool) -> Json:
    """Return the events of one replica, in no order of time, with ties."""
    numbered = rng.random() < 0.7
    events = [event_of(rng, spec, extreme) for _ in range(rng.choice((0, 1, 3, 12, 40)))]
    seqs = rng.sample(range(1, 10_000), len(events))
    return {
        "replica": replica,
        "events": [e | {"seq": s} for e, s in zip(events, seqs, strict=True)] if numbered else events,
    }


def event_of(rng: random.Random, spec: Json, extreme: bool) -> Json:
    """Return a valid event, but for arithmetic that may pass 2^53."""
    name = rng.choice(list(spec["events"]))
    data = {}
    for field, kind in spec["events"][name].items():
        if not kind.get("optional") or rng.random() < 0.6:
            data[field] = value_of(rng, kind, extreme)
        elif rng.random() < 0.2:
            data[field] = None
    spread = rng.choice((0, 1) if extreme else (0, 0, 1, HOUR_MS, DAY_MS, 40 * DAY_MS))
    return {"type": name, "time": START_MS + rng.randint(0, spread) * rng.choice((1, 1, -1)), "data": data}


def value_of(rng: random.Random, field: Json, large: bool = False) -> Any:
    """Return a value that the field accepts."""
    kind = field["type"]
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "enum":
        return rng.choice(field["values"])
    if kind == "string":
        return rng.choice([word for word in WORDS if len(word) <= field["max"]])
    numbers = [n for n in (LARGE if large else NUMBERS) if kind == "decimal" or n == int(n)]
    fitting = [n for n in numbers if abs(n) * 10 ** field.get("scale", 0) < 2**52 or kind == "integer"]
    return rng.choice(fitting or [1])


if __name__ == "__main__":
    for generated in cases(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps(generated))
