"""The figures of an evaluation, for the terminal, the page and the README."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .rows import Split
from .training import Trained

NOTICEABLE = 0.005


def report(trained: Trained, split: Split) -> dict[str, Any]:
    """Return all that the page says about the model, as JSON can hold it."""
    return {
        "metrics": [asdict(metrics) for metrics in trained.metrics],
        "gain": asdict(trained.gain),
        "verdict": verdict(trained),
        "training_rows": len(trained.labels),
        "evaluation_rows": len(trained.bought),
        "training_cuts": [cut.isoformat() for cut in split.train],
        "evaluation_cuts": [cut.isoformat() for cut in split.evaluate],
    }


def verdict(trained: Trained) -> str:
    """Say how the shipped model compares with the logistic regression: by ranking, and by the chances themselves."""
    _, rival, shipped = trained.metrics
    gain = trained.gain
    return (
        f"The trees rank customers {_compared(shipped.auc - rival.auc)} a logistic regression on recency and "
        f"frequency (AUC {shipped.auc:.3f} against {rival.auc:.3f}). Their chances are "
        f"{'better' if gain.low > 0 else 'worse' if gain.high < 0 else 'no better'}: log loss {shipped.log_loss:.4f} "
        f"against {rival.log_loss:.4f}, a difference of {gain.mean:.4f} (95% interval {gain.low:.4f} to {gain.high:.4f})."
    )


def _compared(difference: float) -> str:
    if abs(difference) < NOTICEABLE:
        return "no better than" if difference <= 0 else "barely better than"
    return "better than" if difference > 0 else "worse than"
