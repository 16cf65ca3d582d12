"""Base profiles: what each subject's history folds into at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import duckdb

from ..node import AggregateNode
from ..plan import plan_of
from ..profile import Profile
from ..spec import Spec
from .database import database
from .events import agreed, load_events
from .given import at_the_door
from .load import Loaded, events_table
from .progress import Progress
from .source import LongTable, reading
from .states import MOMENT, filtered, key_sql, selection_sql, value_sql
from .times import moment_ms


def profiles_at(
    spec: Spec,
    tables: Mapping[str, Any] | LongTable,
    time: int | date,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    progress: bool | None = None,
) -> Iterator[tuple[Any, Profile]]:
    """Return (subject, profile) of every subject with an event before ``time``, in order of subject.

    ``tables``, ``columns`` and ``unit`` are as for ``training_frame``; ``time`` is a datetime or date, or an integer in ``unit``; without a
    zone it is UTC. Equal to ``fold`` of the subject's events with a ``time`` before it.

    Raises:
        InvalidTable: as ``training_frame``; or ``time`` is no time.
    """
    defaults = reading(columns, unit)
    before_ms, zoned = moment_ms(time, unit)
    bar = Progress("profiles_at", progress)
    with at_the_door(), database() as connection:
        agreed([load_events(connection, spec, tables, defaults), Loaded("time", None, zoned)], "time")
        last = _last_times(connection, spec, before_ms)
        states: dict[Any, dict[str, Any]] = {subject: {} for subject in last}
        for step, (name, node) in enumerate(spec.aggregates.items()):
            bar.at(step, len(spec.aggregates), f"{node.aggregate} of {node.event}")
            for subject, state in _states(connection, spec, node, before_ms):
                states[subject][name] = state
        bar.at(1, 1, f"{len(last):,} subjects")
    return _profiles(spec, last, states)


def _profiles(spec: Spec, last: Mapping[Any, int], states: dict[Any, dict[str, Any]]) -> Iterator[tuple[Any, Profile]]:
    plan = plan_of(spec)
    for subject, last_ms in last.items():
        yield subject, Profile(spec, last_ms, plan.canonical_state(states.pop(subject), last_ms))


def _last_times(connection: duckdb.DuckDBPyConnection, spec: Spec, before_ms: int) -> dict[Any, int]:
    events = " UNION ALL ".join(
        f"SELECT e.subject, e.time FROM {events_table(spec, event)} e WHERE e.time < {before_ms}"
        for event in spec.events
    )
    query = f"SELECT a.subject, max(a.time) FROM ({events}) a GROUP BY a.subject ORDER BY a.subject"
    return dict(connection.execute(query).fetchall())


def _states(
    connection: duckdb.DuckDBPyConnection, spec: Spec, node: AggregateNode, before_ms: int
) -> Iterator[tuple[Any, Any]]:
    """Yield (subject, state), with the states in the form that the pure-Python aggregates keep."""
    conditions = selection_sql(node)
    if node.key is not None:
        conditions.append(f"{key_sql(node)} IS NOT NULL")
    groups = ["e.subject"]
    groups += [f"e.time // {node.hop_ms}"] if node.hop_ms is not None else []
    groups += [key_sql(node)] if node.key is not None else []
    where = " AND ".join([f"e.time < {before_ms}", *conditions])
    query = f"SELECT {', '.join([*groups, filtered(_state_sql(node), [])])} FROM {events_table(spec, node.event)} e WHERE {where} GROUP BY ALL"
    nested: dict[Any, Any] = {}
    for *path, raw in connection.execute(query).fetchall():
        state, place = _as_state(node, raw), nested
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = state
    zero = plan_zero(node)
    for subject, held in nested.items():
        yield subject, _without_zeros(held, len(groups) - 1, node.key is not None, zero)


def plan_zero(node: AggregateNode) -> Any:
    """Return the zero of the aggregate inside a window, or of an entry of a key."""
    from ..aggregates.registry import aggregate_inside

    return 0 if node.key is not None else aggregate_inside(node).zero()


def _without_zeros(held: Any, depth: int, keyed: bool, zero: Any) -> Any:
    if depth == 0:
        return held
    inner = {name: _without_zeros(value, depth - 1, keyed, zero) for name, value in held.items()}
    return {name: value for name, value in inner.items() if value != ({} if depth > 1 else zero)}


def _state_sql(node: AggregateNode) -> str:
    value = value_sql(node)
    moment = MOMENT.format(value=value)
    return {
        "count": "count(*)",
        "total": f"sum({value})",
        "mean": f"[count(*)::HUGEINT, sum({value})]",
        "minimum": f"min({value})",
        "maximum": f"max({value})",
        "first": f"min({moment})",
        "last": f"max({moment})",
        "time_since_first": "min(e.time)",
        "time_since_last": "max(e.time)",
        "count_by": "count(*)",
        "total_by": f"sum({value})",
        "distinct": f"list_slice(list_sort(list(DISTINCT {value})), 1, {node.cap})",
    }[node.aggregate]


def _as_state(node: AggregateNode, raw: Any) -> Any:
    if node.aggregate == "mean":
        return (int(raw[0]), int(raw[1]))
    if node.aggregate in ("first", "last"):
        return ((raw["t"], raw["r"], raw["s"]), raw["v"])
    return raw
