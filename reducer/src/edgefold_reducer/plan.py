"""A spec made ready to fold: its aggregates, and for each event type what to update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .aggregates import Aggregate, Moment, State, aggregate_for
from .aggregates.registry import Prepare, preparation_for
from .aggregates.window import Window

if TYPE_CHECKING:
    from .spec import Spec

Update = Callable[[State, Any, Moment], State]


@dataclass(frozen=True)
class Plan:
    """``aggregates`` by hash; ``updates`` by event type: (hash, prepare, update) of each aggregate over it."""

    aggregates: Mapping[str, Aggregate]
    updates: Mapping[str, list[tuple[str, Prepare, Update]]]

    def canonical_state(self, states: Mapping[str, State], last_ms: int | None) -> dict[str, State]:
        """Return states without buckets that no read-out after ``last_ms`` needs, and without zeros."""
        kept: dict[str, State] = {}
        for name, state in states.items():
            aggregate = self.aggregates[name]
            if isinstance(aggregate, Window) and last_ms is not None:
                state = aggregate.prune(state, last_ms)
            if state != aggregate.zero():
                kept[name] = state
        return kept


@lru_cache(maxsize=256)
def plan_of(spec: Spec) -> Plan:
    """Return the plan of a spec; made once."""
    aggregates = {name: aggregate_for(node) for name, node in spec.aggregates.items()}
    updates: dict[str, list[tuple[str, Prepare, Update]]] = {event: [] for event in spec.events}
    for name, node in spec.aggregates.items():
        updates[node.event].append((name, preparation_for(node), aggregates[name].update))
    return Plan(aggregates, updates)
