"""What stops an export: one root, the values as attributes. Nothing is written when one is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgefold_reducer.errors import reduce_error


class ExportError(Exception):
    """The root of every error that the exporter raises on purpose."""

    __reduce__ = reduce_error


class UnsupportedModel(ExportError):
    """A fitted model, or an option of one, that can't be exported exactly."""

    def __init__(self, estimator: str, option: str | None, value: object, supported: str, remedy: str) -> None:
        self.estimator, self.option, self.value = estimator, option, value
        self.supported, self.remedy = supported, remedy
        what = estimator if option is None else f"{estimator}: {option} is {shown(value)}, which"
        super().__init__(f"{what} can't be exported exactly; supported: {supported}. {remedy}")


class InvalidTrainingData(ExportError):
    """An X or y that does not fit the spec and the model."""

    def __init__(self, what: str, value: object, expected: str) -> None:
        self.what, self.value, self.expected = what, value, expected
        super().__init__(f"{what} is {shown(value)}; expected {expected}.")


class ParityError(ExportError):
    """A row that the bundle scores otherwise than the fitted model.

    ``row`` holds its features; ``model`` and ``bundle`` are (label, probabilities) of each.
    """

    def __init__(
        self,
        kind: str,
        row: Mapping[str, Any],
        model: tuple[Any, list[float]],
        bundle: tuple[Any, list[float]],
        tolerance: float,
        rows_differ: int,
    ) -> None:
        self.kind, self.row, self.model, self.bundle = kind, dict(row), model, bundle
        self.tolerance, self.rows_differ = tolerance, rows_differ
        super().__init__(
            f"{rows_differ} rows are scored otherwise; the first ({kind}) is {self.row}: the model says "
            f"{model[0]!r} {model[1]}, the bundle {bundle[0]!r} {bundle[1]}; expected the same label and probabilities "
            f"within {tolerance:g}. Nothing was written; please report this model, since it should export exactly."
        )


class BundleExists(ExportError):
    """A path that holds a bundle of the same or a higher version, or something that is no bundle."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(f"{path} holds {found}; expected {expected}.")


def shown(value: object) -> str:
    """``repr`` of a value, short enough for one line of a message."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}…"
