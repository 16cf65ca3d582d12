"""Base profiles: what each subject's history folds into at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from ..canonical import safe_integer
from ..errors import InvalidTable
from ..node import AggregateNode
from ..plan import plan_of
from ..profile import Profile
from ..spec import Spec
from .database import database, events_table, load_events
from .progress import Progress
from .states import MOMENT, filtered, key_sql, selection_sql, value_sql


def profiles_at(
    spec: Spec, tables: Mapping[str, Any], time: int | datetime, *, progress: bool | None = None
) -> Iterator[tuple[Any, Profile]]:
    """Yield (subject, profile) of every subject with an event before ``time``, in order of subject.

    ``tables`` are as for ``training_frame``; ``time`` is in ms since the Unix epoch, or a datetime (naive ones are UTC). Equal to ``fold`` of
    the subject's events with a ``time`` before it.

    Raises:
        InvalidTable: as ``training_frame``; or ``time`` is no time.
    """
    before_ms = _as_ms(time)
    bar = Progress("profiles_at", progress)
    with database() as connection:
        load_events(connection, spec, tables)
        last = _last_times(connection, spec, before_ms)
        states: dict[Any, dict[str, Any]] = {subject: {} for subject in last}
        for step, (name, node) in enumerate(spec.aggregates.items()):
            bar.at(step, len(spec.aggregates), f"{node.aggregate} of {node.event}")
            for subject, state in _states(connection, node, before_ms):
                states[subject][name] = state
        bar.at(1, 1, f"{len(last):,} subjects")
    plan = plan_of(spec)
    for subject, last_ms in last.items():
        yield subject, Profile(spec, last_ms, plan.canonical_state(states.pop(subject), last_ms))


def _as_ms(time: int | datetime) -> int:
    if isinstance(time, datetime):
        moment = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1000)
    milliseconds = safe_integer(time)
    if milliseconds is None:
        raise InvalidTable("time", f"it is {time!r}; expected a datetime, or integer ms since 1970.")
    return milliseconds


def _last_times(connection: duckdb.DuckDBPyConnection, spec: Spec, before_ms: int) -> dict[Any, int]:
    events = " UNION ALL ".join(
        f"SELECT subject, time FROM {events_table(event)} WHERE time < {before_ms}" for event in spec.events
    )
    query = f"SELECT subject, max(time) FROM ({events}) GROUP BY subject ORDER BY subject"
    return dict(connection.execute(query).fetchall())


def _states(connection: duckdb.DuckDBPyConnection, node: AggregateNode, before_ms: int) -> Iterator[tuple[Any, Any]]:
    """Yield (subject, state), with the states in the form that the pure-Python aggregates keep."""
    conditions = selection_sql(node)
    if node.key is not None:
        conditions.append(f"{key_sql(node)} IS NOT NULL")
    groups = ["e.subject"]
    groups += [f"e.time // {node.hop_ms}"] if node.hop_ms is not None else []
    groups += [key_sql(node)] if node.key is not None else []
    where = " AND ".join([f"e.time < {before_ms}", *conditions])
    query = f"SELECT {', '.join([*groups, filtered(_state_sql(node), [])])} FROM {events_table(node.event)} e WHERE {where} GROUP BY ALL"
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
