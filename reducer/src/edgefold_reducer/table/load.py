"""A table of exact columns in DuckDB, filled from one of the caller's; what the spec refuses is found on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..canonical import MAX_SAFE_INTEGER
from ..expression import ARITHMETIC, Expression
from ..field import Refused
from ..spec import Spec
from ..times import FIRST_PLAUSIBLE_MS, PLAUSIBLE_END_MS
from .convert import Converted, decoded
from .given import Given
from .need import Need
from .refusal import Place, implausible_times, refused_rows, row_advice, value_of, wrong_type
from .sql import expression_sql, field_column, identifier
from .times import zone_of

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Column: TypeAlias = "pa.Array | Sequence[Any]"
"""A column as it came: an Arrow array, or the values of JSON objects."""


@dataclass(frozen=True)
class Loaded:
    """What must agree among tables."""

    table: str
    subjects: str | None
    """"string" or "integer"; None where there is no subject."""
    zoned: bool | None
    """Whether times have a zone; None where they are integers."""


@dataclass(frozen=True)
class _Refusal:
    row: int
    names: Sequence[str]
    value: Any
    expected: str
    advice: str


class Loading:
    """Fills one table in DuckDB, piece by piece.

    ``absent`` needs have no column and are null; ``in_order`` gives rows a seq by their number, and no replica, where no need does.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        target: str,
        place: Place,
        needs: Sequence[Need],
        absent: Sequence[Need] = (),
        *,
        in_order: bool = False,
    ) -> None:
        self._connection, self._target, self._place = connection, target, place
        self._needs, self._absent, self._in_order, self._created = needs, absent, in_order, False
        self._subjects: str | None = None
        self._zoned: bool | None = None
        self._refused: list[Rows] = []
        self._first: _Refusal | None = None
        self._plausible = False
        self._implausible: Any = None

    def add(self, given: Mapping[str, Column], rows: Rows, refused: Sequence[tuple[Need, Mask]] = ()) -> None:
        """Append a piece: each need's column by the need's name, and the number of each row; some may be ``refused`` already.

        Raises:
            InvalidTable: a column is of a type that no value of its need has.
        """
        exact = {"row": pa.array(rows)}
        if self._in_order:
            exact |= {"seq": pa.array(rows + 1), "replica": pa.repeat("", len(rows))}
        exact |= {need.kept_as: pa.nulls(len(rows), need.type) for need in self._absent}
        masks = list(refused)
        for need in self._needs:
            exact[need.kept_as], mask = self._exact(need, given[need.name])
            masks.append((need, mask))
        self._note_times(exact["time"], given["time"])
        self._note_refused(masks, given, rows)
        self._insert(pa.table(exact))

    def finish(self, arithmetic: Sequence[Expression] = ()) -> Loaded:
        """Return what must agree among tables.

        Raises:
            InvalidTable: rows are refused, also by ``arithmetic`` of the spec, or all times are of another unit.
        """
        self._note_overflows(_inner_first(arithmetic))
        if self._first is not None:
            first, count = self._first, len(np.unique(np.concatenate(self._refused)))
            raise refused_rows(
                self._place, count, first.row, first.names, first.value, f"{first.expected}. {first.advice}"
            )
        if self._place.reading.unit is None and not self._plausible and self._implausible is not None:
            raise implausible_times(self._place, self._implausible)
        return Loaded(self._place.table, self._subjects, self._zoned)

    def _exact(self, need: Need, column: Column) -> Converted:
        if not isinstance(column, pa.Array):
            return _accepted(need, column)
        if not len(column):  # libraries give empty columns types of their own choice
            return pa.nulls(0, need.type), np.zeros(0, np.bool_)
        if not need.takes_type(column.type):
            raise wrong_type(self._place, need, column)
        kind = decoded(column.type)
        if need.name == "subject" and not pa.types.is_null(kind):
            self._subjects = "integer" if pa.types.is_integer(kind) else "string"
        if need.name == "time":
            self._zoned = zone_of(kind)
        return need.exact(column)

    def _note_times(self, exact: pa.Array, given: Column) -> None:
        if self._plausible:
            return
        times = exact.fill_null(-1).to_numpy(zero_copy_only=False)
        self._plausible = bool(((times >= FIRST_PLAUSIBLE_MS) & (times < PLAUSIBLE_END_MS)).any())
        if self._implausible is None and (times >= 0).any():
            self._implausible = value_of(given[int(np.argmax(times >= 0))])

    def _note_refused(self, masks: Sequence[tuple[Need, Mask]], given: Mapping[str, Column], rows: Rows) -> None:
        refused = np.any([mask for _, mask in masks], axis=0)
        if not refused.any():
            return
        self._refused.append(rows[refused])
        if self._first is None:
            place = int(np.argmax(refused))
            need = next(need for need, mask in masks if mask[place])
            value = value_of(given[need.name][place])
            self._first = _Refusal(
                int(rows[place]), [need.name], value, need.expected, row_advice(self._place, need, value)
            )

    def _note_overflows(self, nodes: Sequence[Expression]) -> None:
        """Find rows whose arithmetic passes 2^53. Inner nodes come first, so that no outer one passes 128 bits."""
        if not nodes:
            return
        cases = " ".join(
            f"WHEN abs({expression_sql(node)}) > {MAX_SAFE_INTEGER} THEN {i}" for i, node in enumerate(nodes)
        )
        found = self._connection.execute(
            f"SELECT o.row, o.node FROM (SELECT e.row, CASE {cases} END AS node FROM {self._target} e) o "
            "WHERE o.node IS NOT NULL ORDER BY o.row"
        ).fetchall()
        if not found:
            return
        self._refused.append(np.array([row for row, _ in found], np.int64))
        row, node = found[0]
        if self._first is None or row < self._first.row:
            names = sorted(nodes[node].field_names())
            columns = ", ".join(f"e.{identifier(field_column(name))}" for name in names)
            values = self._connection.execute(f"SELECT {columns} FROM {self._target} e WHERE e.row = {row}").fetchall()[
                0
            ]
            value = values[0] if len(names) == 1 else values
            expected = "arithmetic with a result |n| < 2^53 (decimals stand here as they are kept, as integers)"
            self._first = _Refusal(row, names, value, expected, "Correct these rows, or leave them out.")

    def _insert(self, piece: pa.Table) -> None:
        self._connection.register("piece", piece)
        verb = f"INSERT INTO {self._target}" if self._created else f"CREATE TEMP TABLE {self._target} AS"
        self._connection.execute(f"{verb} SELECT * FROM piece p")
        self._connection.unregister("piece")
        self._created = True


def _accepted(need: Need, values: Sequence[Any]) -> Converted:
    """Return values of JSON objects as an exact column, by the rule that the device has for them."""
    assert need.accept is not None, "only fields come from JSON"
    exact, refused = [], np.zeros(len(values), np.bool_)
    for row, value in enumerate(values):
        try:
            exact.append(None if value is None else need.accept(value))
        except Refused:
            exact.append(None)
            refused[row] = True
        if value is None and not need.optional:
            refused[row] = True
    return pa.array(exact, need.type), refused


def _inner_first(expressions: Sequence[Expression]) -> list[Expression]:
    found = [node for expression in expressions for node in expression.nodes() if node.operator in ARITHMETIC]
    return sorted(found, key=lambda node: sum(1 for _ in node.nodes()))


def events_table(spec: Spec, event: str) -> str:
    """Return the SQL name of an event type's table."""
    return f"events_{list(spec.events).index(event)}"


def arithmetic_of_event(spec: Spec, event: str) -> list[Expression]:
    """Return the expressions of a spec over one event type."""
    return [x for node in spec.aggregates.values() if node.event == event for x in node.expressions()]


def add_pieces(loading: Loading, opened: Given, place: Place, needs: Sequence[Need]) -> None:
    """Load all pieces of a table."""
    columns = {need.name: place.reading.column(need.name) for need in needs}
    start = 0
    for piece in opened.pieces(list(columns.values())):
        given = {name: one_array(piece[column]) for name, column in columns.items()}
        loading.add(given, np.arange(start, start + piece.num_rows))
        start += piece.num_rows


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column's chunks as one."""
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
