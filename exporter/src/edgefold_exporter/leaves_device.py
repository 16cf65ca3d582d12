"""What a diff sends of a spec's events, in plain words: one entry for each aggregate state."""

from __future__ import annotations

from typing import Any

import edgefold_reducer as ef
from edgefold_reducer.node import AggregateNode, RatioNode

_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond"))


def leaves_device(spec: ef.Spec) -> list[dict[str, Any]]:
    """Return the aggregate states that a diff carries; attributes come from the server and send nothing."""
    entries: dict[str, dict[str, Any]] = {}
    for feature in spec.features:
        node = feature.node
        nodes = [node.numerator, node.denominator] if isinstance(node, RatioNode) else [node]
        for aggregate in nodes:
            if isinstance(aggregate, AggregateNode) and aggregate.hash not in entries:
                entries[aggregate.hash] = {
                    "feature": feature.name,
                    "aggregate": aggregate.aggregate,
                    "event": aggregate.event,
                    "fields": sorted(aggregate.fields()),
                    "sends": sentence(aggregate),
                }
    return list(entries.values())


def sentence(node: AggregateNode) -> str:
    """Return what the state of one aggregate tells about the device's events."""
    keyed = f" for each value of {node.key}" if node.key is not None else ""
    keyed += f" among the {len(node.vocabulary)} listed" if node.vocabulary is not None else ""
    what = {
        "count": "how many events there were",
        "total": "the exact sum",
        "mean": "the exact sum, and how many values it is of",
        "minimum": "the smallest value",
        "maximum": "the largest value",
        "first": "the earliest value, with its time, its replica and its number there",
        "last": "the latest value, with its time, its replica and its number there",
        "time_since_first": "the time of the earliest event",
        "time_since_last": "the time of the latest event",
        "count_by": f"how many events there were{keyed}",
        "total_by": f"the exact sum{keyed}",
        "distinct": f"the distinct values themselves, at most {node.cap}",
    }[node.aggregate]
    chosen = ", of the events that its predicate selects" if node.where is not None else ""
    if node.window_ms is None or node.hop_ms is None:
        return what + chosen
    return f"{what}{chosen}; one such state for each {_duration(node.hop_ms)} of the last {_duration(node.window_ms)}"


def _duration(milliseconds: int) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if milliseconds % size == 0)
    number = milliseconds // size
    return unit if number == 1 else f"{number:,} {unit}s"
