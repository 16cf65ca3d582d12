"""Raw columns to quantised ones in SQL, and which rows the spec refuses. The same rules as a field's ``accept``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from ..canonical import MAX_SAFE_INTEGER
from ..errors import InvalidTable, shown
from ..expression import ARITHMETIC, Expression
from ..field import Boolean, Decimal, Enum, Field, Integer
from .source import ROW, Source
from .sql import expression_sql, field_column, identifier, literal

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Checked:
    """A checked column: the SQL of when its row is refused, what was expected, and as which column its ``value`` is kept, if any."""

    name: str
    refused: str
    expected: str
    kept_as: str | None = None
    value: str = "NULL"


def check_field(source: Source, name: str, field: Field, *, optional: bool) -> Checked:
    """Return the quantised column of a field, named as in ``field_column``.

    Raises:
        InvalidTable: the column is missing though not optional, or of a type that no value of the field has.
    """
    if name not in source.types and optional:
        return Checked(name, "FALSE", "", field_column(name))
    column, kind = identifier(name), source.require(name)
    numeric = kind in WHOLE or kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL")
    if isinstance(field, Integer | Decimal):
        value, refused, fits = *_number(field, column, kind), numeric
        expected = (
            "an integer, |n| < 2^53" if isinstance(field, Integer) else f"a number, |x| * 10^{field.scale} < 2^53"
        )
    elif isinstance(field, Boolean):
        value, refused, fits, expected = column, "FALSE", kind == "BOOLEAN", "true or false"
    else:
        value, fits = f"CAST({column} AS VARCHAR)", kind == "VARCHAR"
        if isinstance(field, Enum):
            refused = f"({value} NOT IN ({', '.join(literal(v) for v in field.values)}))"
            expected = f"one of {', '.join(field.values)}"
        else:
            refused, expected = f"(length({value}) > {field.max})", f"at most {field.max} code points"
    if not fits and kind != '"NULL"':
        raise InvalidTable(source.table, f"column {name} is {kind}; expected {expected} in each row.", field=name)
    if not optional:
        refused = f"({column} IS NULL OR {refused})"
    return Checked(name, refused, expected, field_column(name), value if kind != '"NULL"' else "NULL")


def _number(field: Integer | Decimal, column: str, kind: str) -> tuple[str, str]:
    """SQL of a number's integer, and of when it is refused: never evaluates a cast that could fail."""
    if isinstance(field, Integer) and kind in WHOLE:
        refused = f"(CAST({column} AS HUGEINT) NOT BETWEEN -{MAX_SAFE_INTEGER} AND {MAX_SAFE_INTEGER})"
        return f"TRY_CAST({column} AS BIGINT)", refused
    double = f"CAST({column} AS DOUBLE)"
    if isinstance(field, Integer):
        quantity = double
        whole = f"(isfinite({double}) AND floor({double}) = {double})"
    else:
        quantity = f"floor({double} * CAST({10**field.scale} AS DOUBLE) + CAST(0.5 AS DOUBLE))"
        whole = f"isfinite({double})"
    in_range = f"(CASE WHEN {whole} THEN abs({quantity}) <= {MAX_SAFE_INTEGER} ELSE FALSE END)"
    return f"TRY_CAST({quantity} AS BIGINT)", f"({column} IS NOT NULL AND NOT {in_range})"


def check_time(source: Source, column: str = "time") -> Checked:
    """Return the column of a time in ms since the Unix epoch: an integer, or a date or timestamp, floored."""
    kind = source.require(column)
    name = identifier(column)
    if kind in WHOLE:
        value = f"TRY_CAST({name} AS BIGINT)"
    elif kind == "DATE" or kind.startswith("TIMESTAMP"):
        micros = f"epoch_us({name})" if kind == "TIMESTAMP WITH TIME ZONE" else f"epoch_us(CAST({name} AS TIMESTAMP))"
        value = f"(CASE WHEN {micros} >= 0 THEN {micros} // 1000 ELSE -1 END)"
    else:
        raise InvalidTable(
            source.table, f"column {column} is {kind}; expected a timestamp, a date, or integer ms.", field=column
        )
    refused = f"({value} IS NULL OR {value} NOT BETWEEN 0 AND {MAX_SAFE_INTEGER})"
    return Checked("time", refused, "a time of 1970 or later, in ms under 2^53", "time", value)


def arithmetic_nodes(expressions: list[Expression]) -> list[Expression]:
    """Return every arithmetic node, inner ones first, so that a check of an outer one never overflows."""
    found = [node for expression in expressions for node in expression.nodes() if node.operator in ARITHMETIC]
    return sorted(found, key=lambda node: sum(1 for _ in node.nodes()))


def load_checked(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    target: str,
    plain: Mapping[str, str],
    checked: list[Checked],
    arithmetic: list[Expression],
) -> None:
    """Make the table ``target`` of quantised columns: ``plain`` ones by name, and each ``checked`` one.

    Raises:
        InvalidTable: counts the rows that the spec refuses and shows the first.
    """
    inner = [f"{sql} AS {identifier(name)}" for name, sql in plain.items()]
    inner += [f"{c.value} AS {identifier(c.kept_as)}" for c in checked if c.kept_as is not None]
    cases = [f"WHEN {c.refused} THEN {index}" for index, c in enumerate(checked) if c.refused != "FALSE"]
    broken = f"CASE {' '.join(cases)} END" if cases else "NULL"
    query = f"SELECT {', '.join(inner)}, {broken} AS __refused FROM {identifier(source.view)}"
    overflow = [
        f"WHEN abs({expression_sql(node)}) > {MAX_SAFE_INTEGER} THEN {len(checked) + i}"
        for i, node in enumerate(arithmetic)
    ]
    if overflow:
        query = (
            f"SELECT * EXCLUDE (__refused), CASE WHEN __refused IS NOT NULL THEN __refused {' '.join(overflow)} END "
            f"AS __refused FROM ({query})"
        )
    connection.execute(f"CREATE TEMP TABLE {identifier(target)} AS {query}")
    count, row = connection.execute(
        f"SELECT count(*), min(__row) FROM {identifier(target)} WHERE __refused IS NOT NULL"
    ).fetchall()[0]
    if count:
        raise _refusal(connection, source, target, count, row, checked, arithmetic)


def _refusal(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    target: str,
    count: int,
    row: int,
    checked: list[Checked],
    arithmetic: list[Expression],
) -> InvalidTable:
    index = connection.execute(f"SELECT __refused FROM {identifier(target)} WHERE __row = {row}").fetchall()[0][0]
    if index < len(checked):
        names, expected = [checked[index].name], checked[index].expected
    else:
        names = sorted(arithmetic[index - len(checked)].field_names())
        expected = "arithmetic with a result |n| < 2^53"
    select = ", ".join(identifier(name) for name in names)
    values: Any = connection.execute(f"SELECT {select} FROM {identifier(source.view)} WHERE {ROW} = {row}").fetchall()[
        0
    ]
    value = values[0] if len(names) == 1 else values
    return InvalidTable(
        source.table,
        f"{count} rows are refused; the first is row {row}, whose {' and '.join(names)} is {shown(value)}; "
        f"expected {expected}. Correct these rows, or leave them out.",
        refused=count,
        row=row,
        field=" ".join(names),
        value=value,
    )
