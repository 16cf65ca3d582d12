"""Which column holds what the spec reads: by its exact name, or by the one that ``columns`` gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import InvalidTable
from ..event import event_fields
from ..spec import Spec
from .names import differs_in_case, listed
from .need import Need, replica_need, seq_need
from .refusal import Place, missing_column, near_hint
from .source import Reading

ORDER_COLUMNS = ("seq", "replica")


def column_of(place: Place, name: str, there: Sequence[str], *, optional: bool = False) -> str | None:
    """Return the column that holds ``name``; None where it is optional and named as missing.

    Raises:
        InvalidTable: it is missing, there twice, or named as missing though it is there.
    """
    column = place.reading.column(name)
    if there.count(column) > 1:
        raise InvalidTable(
            place.table, f"two columns are named {column}; expected one. Rename or drop the other.", field=name
        )
    if name in place.reading.missing:
        if not optional or column in there:
            expected = "an optional field" if column not in there else "one that is not there"
            raise InvalidTable(
                place.table, f"missing= names {name}; expected {expected}. Take it out of missing=.", field=name
            )
        return None
    if column not in there:
        raise missing_column(place, name, there, optional=optional)
    return column


def order_needs(place: Place, there: Sequence[str]) -> list[Need]:
    """Return the needs of seq and replica, where the table has them.

    Raises:
        InvalidTable: it has one in another spelling only.
    """
    needs = []
    for name, need in zip(ORDER_COLUMNS, (seq_need(), replica_need()), strict=True):
        column = place.reading.column(name)
        other = differs_in_case(name, there)
        if column in there or column != name:
            column_of(place, name, there, optional=True)
            needs.append(need)
        elif other is not None and name not in place.reading.missing:
            raise missing_column(place, name, there, optional=True)
    return needs


def check_names(place: Place, known: Iterable[str], given_by_all: Iterable[str]) -> None:
    """Raise InvalidTable where ``missing`` or ``columns`` of a source name what nothing reads."""
    names = [*known]
    for name in sorted(place.reading.missing):
        if name not in names:
            raise InvalidTable(
                place.table,
                f"missing= names {name}; expected a name of {listed(names)}.{near_hint(name, names)}",
                field=name,
            )
    for name in place.reading.columns.keys() - given_by_all:
        if name not in names:
            raise InvalidTable(
                place.table,
                f"columns= names {name}; expected a name of {listed(names)}.{near_hint(name, names)}",
                field=name,
            )


def check_columns(spec: Spec, defaults: Reading) -> None:
    """Raise InvalidTable where ``columns`` of a call names what no table of the spec has."""
    known = ["subject", "time", *ORDER_COLUMNS, *spec.attributes]
    known += [field for event in spec.events.values() for field in event_fields(event)]
    for name in defaults.columns:
        if name not in known:
            names = [*dict.fromkeys(known)]
            raise InvalidTable(
                "tables", f"columns= names {name}; expected a name of {listed(names)}.{near_hint(name, names)}"
            )
