"""How good the chances are: discrimination (AUC), log loss, calibration; and a table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

BINS = 10
Z95 = 1.96

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """A tenth of the rows by predicted chance, rows of one chance together: what was foretold and what came."""

    rows: int
    foretold: float
    observed: float


@dataclass(frozen=True)
class Metrics:
    """One model on the rows of the evaluation. ``calibration_error`` is the mean |foretold - observed| over tenths."""

    name: str
    auc: float
    log_loss: float
    brier: float
    calibration_error: float
    bins: tuple[Bin, ...]


def measure(name: str, bought: NDArray[np.int64], chance: Numbers) -> Metrics:
    """Compare chances with what happened. Shapes (rows,) both."""
    bins = _bins(bought, chance)
    return Metrics(
        name=name,
        auc=float(roc_auc_score(bought, chance)),
        log_loss=float(log_loss(bought, chance, labels=[0, 1])),
        brier=float(np.mean((chance - bought) ** 2)),
        calibration_error=sum(abs(bin.foretold - bin.observed) * bin.rows for bin in bins) / len(bought),
        bins=bins,
    )


def _bins(bought: NDArray[np.int64], chance: Numbers) -> tuple[Bin, ...]:
    order = np.argsort(chance, kind="stable")
    sorted_chance = chance[order]
    # Rows with one chance can't be told apart by the model, so no cut runs between them.
    cuts = {int(np.searchsorted(sorted_chance, sorted_chance[len(order) * k // BINS], "left")) for k in range(BINS)}
    parts = np.split(order, sorted(cuts - {0}))
    return tuple(Bin(len(part), float(chance[part].mean()), float(bought[part].mean())) for part in parts)


@dataclass(frozen=True)
class Gain:
    """How much smaller one model's log loss is than another's: the mean over rows, and its 95% interval."""

    mean: float
    low: float
    high: float


def gain(subjects: NDArray[Any], bought: NDArray[np.int64], rival: Numbers, shipped: Numbers) -> Gain:
    """Return the gain of ``shipped`` over ``rival``. A customer's rows go together: they are not independent.

    The interval is normal, with the cluster-robust standard error (Cameron and Miller, 2015, section II.B).
    """
    each = _losses(bought, rival) - _losses(bought, shipped)
    mean = float(each.mean())
    _, cluster = np.unique(subjects, return_inverse=True)
    error = float(np.sqrt(np.square(np.bincount(cluster, weights=each - mean)).sum())) / len(each)
    return Gain(mean, mean - Z95 * error, mean + Z95 * error)


def _losses(bought: NDArray[np.int64], chance: Numbers) -> Numbers:
    losses: Numbers = -np.log(np.where(bought == 1, chance, 1 - chance))
    return losses


def table(metrics: list[Metrics]) -> str:
    """Lay the metrics out in columns, one model a line."""
    head = f"{'':<34}{'AUC':>8}{'log loss':>10}{'Brier':>9}{'calibration error':>19}"
    lines = [
        f"{m.name:<34}{m.auc:>8.4f}{m.log_loss:>10.4f}{m.brier:>9.4f}{m.calibration_error:>19.4f}" for m in metrics
    ]
    return "\n".join([head, *lines])
