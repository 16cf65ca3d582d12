"""The evaluation as a picture: calibration, and who is ranked first."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from .evaluate import Metrics, Numbers

INK, RED, GREY, PAPER = "#111412", "#e8431a", "#8a8f8b", "#f3f1ea"
STYLES = ((GREY, ":"), (INK, "--"), (RED, "-"))
"""Of the base rate, the logistic regression, and the model that ships."""

SETTINGS: Any = {
    # Text stays text, in the reader's own font, and the same input gives the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "edgefold",
    "font.sans-serif": ["Helvetica Neue", "Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.facecolor": PAPER,
    "figure.facecolor": PAPER,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


def plot(metrics: list[Metrics], bought: NDArray[np.int64], chances: list[Numbers], path: Path) -> None:
    """Draw calibration and ROC side by side into an SVG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # the fonts are the reader's
    with pyplot.rc_context(SETTINGS):
        figure, (calibration, roc) = pyplot.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
        _calibration(calibration, metrics)
        _roc(roc, metrics, bought, chances)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def _calibration(axes: Any, metrics: list[Metrics]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

    bins = [bin for m in metrics for bin in m.bins]
    # Most chances are small: on a logarithmic scale they can be told apart. A tenth in which nobody bought has no place on it.
    shown = [value for bin in bins for value in (bin.foretold, bin.observed) if value > 0]
    ends = [min(shown) * 0.8, min(1.0, max(shown) * 1.25)]
    axes.plot(ends, ends, color=GREY, linewidth=0.7)
    for m, (colour, line) in zip(metrics, STYLES, strict=True):
        axes.plot([b.foretold for b in m.bins], [b.observed for b in m.bins], line, marker="o", ms=5, color=colour)
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(title="Calibration, by tenths of the customers", xlabel="chance foretold", ylabel="bought again")
    axes.set(xlim=ends, ylim=ends)


def _roc(axes: Any, metrics: list[Metrics], bought: NDArray[np.int64], chances: list[Numbers]) -> None:
    for m, chance, (colour, line) in zip(metrics, chances, STYLES, strict=True):
        false_rate, true_rate, _ = roc_curve(bought, chance)
        axes.plot(false_rate, true_rate, line, color=colour, label=f"{m.name}, AUC {m.auc:.3f}")
    axes.set(title="Ranking: who buys again comes first", xlabel="false positive rate", ylabel="true positive rate")
    axes.legend(frameon=False, loc="lower right")
