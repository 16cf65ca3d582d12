"""What a fitted transformer makes of one feature: a chain of arithmetic on a number, or a table from each category to a result.

Every supported transformer works on each column apart, so its whole output is a list of these, and no matrix is needed to know it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Value = str | float | None
"""What a categorical step sees or gives: a category, a number, or the marker of a missing one (NaN or None)."""

OTHER = "\x00 any other value"
"""Stands, in a ``Lookup``, for every value that no step names."""


@dataclass(frozen=True)
class Step:
    """One operation on a number x: ``fill`` (value where x is NaN), ``subtract``, ``divide``, or ``is_missing`` (1 or 0)."""

    operation: str
    value: float = 0.0

    def apply(self, x: Floats) -> Floats:
        """Return the results, by the same IEEE operations as the graph's."""
        with np.errstate(all="ignore"):  # huge values overflow here as they do in the graph
            match self.operation:
                case "fill":
                    return np.where(np.isnan(x), self.value, x)
                case "subtract":
                    return x - self.value
                case "divide":
                    return x / self.value
                case _:
                    return np.isnan(x).astype(np.float64)


@dataclass(frozen=True)
class Numeric:
    """A number feature after some steps. ``nullable``: NaN can come out for a row that the spec can produce."""

    feature: str
    nullable: bool
    steps: tuple[Step, ...] = ()

    def then(self, step: Step) -> Numeric:
        """Return the column after one more step."""
        nullable = self.nullable and step.operation not in ("fill", "is_missing")
        return replace(self, steps=(*self.steps, step), nullable=nullable)

    def apply(self, x: Floats) -> Floats:
        """Return the column's numbers for those of its feature."""
        for step in self.steps:
            x = step.apply(x)
        return x


@dataclass(frozen=True)
class Lookup:
    """A function of the categories of a string feature, or of the numbers of the column ``base``.

    ``function`` gives the result for each of ``known`` (the values that some step names), for ``missing`` (the marker that the fitted
    model sees), and for ``OTHER``. ``possible`` are the values that the spec can produce: ``OTHER`` among them where that is open.
    """

    feature: str
    base: Numeric | None
    missing: Value
    known: tuple[Value, ...]
    possible: tuple[Value, ...]
    function: Callable[[Value], Value]

    def then(self, step: Callable[[Value], Value], named: tuple[Value, ...] = ()) -> Lookup:
        """Return the column after one more step, which names some values of the source."""
        inner, kind = self.function, (str if self.base is None else float)
        new = [value for value in named if isinstance(value, kind) and not is_missing(value)]
        known = tuple(dict.fromkeys((*self.known, *new))) if new else self.known
        return replace(self, function=lambda value: step(inner(value)), known=known)

    def outcomes(self) -> list[Value]:
        """Return what it gives for the values that the spec can produce."""
        named = self.known if OTHER in self.possible else ()
        return [self.function(value) for value in (*self.possible, *named)]


Column = Numeric | Lookup


def text_column(feature: str, values: tuple[str, ...] | None, nullable: bool, missing: Value) -> Lookup:
    """Return the column of a string feature as it is; ``values`` are an enum's, None where it is open."""
    possible: tuple[Value, ...] = values if values is not None else (OTHER,)
    return Lookup(feature, None, missing, (), (*possible, missing) if nullable else possible, lambda value: value)


def as_lookup(column: Column) -> Lookup:
    """Return a column as one that categories can be looked up in."""
    if isinstance(column, Lookup):
        return column
    possible = (OTHER, math.nan) if column.nullable else (OTHER,)
    return Lookup(column.feature, column, math.nan, (), possible, lambda value: value)


def is_nan(value: Any) -> bool:
    """Whether a value is the float NaN."""
    return isinstance(value, float | np.floating) and math.isnan(value)


def is_missing(value: Any) -> bool:
    """Whether a value is one of the markers of a missing one."""
    return value is None or is_nan(value)


def same(a: Value, b: Value) -> bool:
    """Whether two values are one category: NaN is NaN, None is None."""
    if is_nan(a) or is_nan(b):
        return is_nan(a) and is_nan(b)
    return isinstance(a, str) == isinstance(b, str) and a == b
