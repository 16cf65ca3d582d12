"""Events and rows as Arrow tables, for the tests of the batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import edgefold_reducer as ef
import pyarrow as pa
from edgefold_reducer.event import event_fields
from edgefold_reducer.field import Boolean, Decimal, Field, Integer

Entry = tuple[str, str, dict[str, Any]]
"""(subject, replica, event)."""


def arrow_type(field: Field) -> pa.DataType:
    if isinstance(field, Integer):
        return pa.int64()
    if isinstance(field, Decimal):
        return pa.float64()
    return pa.bool_() if isinstance(field, Boolean) else pa.string()


def event_tables(spec: ef.Spec, log: Iterable[Entry]) -> dict[str, pa.Table]:
    """Return one table an event type, with the replica and seq of each event."""
    entries = list(log)
    tables = {}
    for name, event_type in spec.events.items():
        own = [(subject, replica, event) for subject, replica, event in entries if event["type"] == name]
        columns = {
            "subject": pa.array([subject for subject, _, _ in own], pa.string()),
            "replica": pa.array([replica for _, replica, _ in own], pa.string()),
            "time": pa.array([event["time"] for _, _, event in own], pa.int64()),
            "seq": pa.array([event["seq"] for _, _, event in own], pa.int64()),
        }
        for field, kind in event_fields(event_type).items():
            columns[field] = pa.array([event["data"].get(field) for _, _, event in own], arrow_type(kind))
        tables[name] = pa.table(columns)
    return tables


def row_table(spec: ef.Spec, rows: Iterable[tuple[str, int, dict[str, Any]]]) -> pa.Table:
    """Return rows of (subject, time, attributes)."""
    entries = list(rows)
    columns = {
        "subject": pa.array([subject for subject, _, _ in entries], pa.string()),
        "time": pa.array([time for _, time, _ in entries], pa.int64()),
    }
    for name, field in spec.attributes.items():
        columns[name] = pa.array([attributes.get(name) for _, _, attributes in entries], arrow_type(field))
    return pa.table(columns)
