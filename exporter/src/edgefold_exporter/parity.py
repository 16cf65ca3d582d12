"""The check that a bundle and its fitted model are one: golden rows of X, and adversarial ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from edgefold_serving import Bundle

from .errors import ParityError
from .reference import Reference
from .rows import Rows

GOLDEN_ROWS = 200


@dataclass(frozen=True)
class Parity:
    """What was compared. ``refused`` counts what the fitted model itself refuses, so that there is nothing to agree with."""

    golden: int
    adversarial: int
    refused: int
    largest_probability_difference: float
    tolerance: float

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's report."""
        return {
            "rows": self.golden + self.adversarial,
            "golden": self.golden,
            "adversarial": self.adversarial,
            "refused_by_model": self.refused,
            "labels_differ": 0,
            "largest_probability_difference": self.largest_probability_difference,
            "tolerance": self.tolerance,
        }


def golden_indices(count: int, labels: npt.NDArray[Any] | None) -> npt.NDArray[np.int64]:
    """Return up to 200 rows of X: evenly spread, and one of each label where ``labels`` are given."""
    spread = np.linspace(0, count - 1, min(count, GOLDEN_ROWS)).astype(np.int64)
    if labels is None:
        return spread
    firsts = np.unique(labels, return_index=True)[1].astype(np.int64)
    chosen = list(
        dict.fromkeys([*firsts.tolist(), *spread.tolist()])
    )  # what is too many goes from the end: no label's own
    return np.sort(np.array(chosen[: max(GOLDEN_ROWS, len(firsts))], dtype=np.int64))


def check_parity(bundle: Bundle, reference: Reference, golden: Rows, adversarial: Rows, refused: int) -> Parity:
    """Compare labels and probabilities of every row that the model takes; ``refused`` values were left out before.

    Raises:
        ParityError: the first row that differs, with both results.
    """
    tolerance = bundle.manifest.tolerance
    largest, counts = 0.0, []
    for kind, rows in (("a row of X", golden), ("an adversarial row", adversarial)):
        answers = reference.answers(rows)
        refused += int((~answers.taken).sum())
        taken = np.flatnonzero(answers.taken)
        counts.append(len(taken))
        if not len(taken):
            continue
        asked = rows.take(taken)
        scores = bundle.score(asked.table())
        expected, probabilities = reference.model.classes_[answers.labels[taken]], answers.probabilities[taken]
        differences = np.abs(scores.probabilities - probabilities).max(axis=1)
        wrong = np.flatnonzero((scores.labels != expected) | ~(differences <= tolerance))
        if len(wrong):
            first = int(wrong[0])
            raise ParityError(
                kind,
                asked.row(first),
                (
                    expected[first].item() if hasattr(expected[first], "item") else expected[first],
                    probabilities[first].tolist(),
                ),
                (scores.labels[first].item(), scores.probabilities[first].tolist()),
                tolerance,
                len(wrong),
            )
        largest = max(largest, float(differences.max()))
    return Parity(counts[0], counts[1], refused, largest, tolerance)
