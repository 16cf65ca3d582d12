"""The metrics, on cases that fit on a line."""

from __future__ import annotations

from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest
from edgefold_demo_app.evaluate import Bin, gain, measure, table
from edgefold_demo_app.plot import plot

# Rounding of a few additions and a logarithm.
CLOSE = 1e-12

BOUGHT = np.array([0, 0, 1, 1])
CHANCE = np.array([0.1, 0.4, 0.35, 0.8])


def test_the_metrics_of_four_rows_are_those_computed_by_hand() -> None:
    found = measure("four", BOUGHT, CHANCE)
    assert found.auc == 3 / 4  # of the four pairs only 0.4 over 0.35 is in the wrong order
    assert found.log_loss == pytest.approx(-(log(0.9) + log(0.6) + log(0.35) + log(0.8)) / 4, abs=CLOSE)
    assert found.brier == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4, abs=CLOSE)
    assert found.calibration_error == pytest.approx((0.1 + 0.4 + 0.65 + 0.2) / 4, abs=CLOSE)


def test_rows_of_one_chance_share_a_bin_in_whatever_order_they_come() -> None:
    bought = np.array([1, 0] * 10)
    for order in (bought, np.sort(bought)):
        assert measure("constant", order, np.full(20, 0.5)).bins == (Bin(20, 0.5, 0.5),)


def test_distinct_chances_fall_into_ten_equal_bins() -> None:
    found = measure("ramp", np.arange(40) % 2, np.linspace(0.01, 0.99, 40))
    assert [bin.rows for bin in found.bins] == [4] * 10


def test_chances_that_come_true_exactly_have_no_calibration_error() -> None:
    bought = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    chance = np.array([0.25] * 4 + [0.75] * 4)
    assert measure("calibrated", bought, chance).calibration_error == 0


def test_the_gain_is_the_mean_difference_of_the_log_losses() -> None:
    rival, shipped = np.full(4, 0.5), np.array([0.25, 0.5, 0.5, 0.75])
    found = gain(np.array(list("abcd")), BOUGHT, rival, shipped)
    each = [log(1.5), 0, 0, log(1.5)]
    mean = sum(each) / 4
    half = 1.96 * sqrt(sum((x - mean) ** 2 for x in each)) / 4
    assert (found.mean, found.low, found.high) == pytest.approx((mean, mean - half, mean + half), abs=CLOSE)


def test_repeating_a_customers_rows_narrows_the_interval_of_the_gain_not_at_all() -> None:
    rival, shipped = np.full(4, 0.5), np.array([0.25, 0.5, 0.5, 0.75])
    once = gain(np.array(list("abcd")), BOUGHT, rival, shipped)
    twice = gain(np.array(list("abcd") * 2), *(np.tile(x, 2) for x in (BOUGHT, rival, shipped)))
    assert (twice.mean, twice.low, twice.high) == pytest.approx((once.mean, once.low, once.high), abs=CLOSE)


def test_the_table_has_a_line_a_model() -> None:
    lines = table([measure("one", BOUGHT, CHANCE), measure("two", BOUGHT, CHANCE)]).splitlines()
    assert [line.split()[0] for line in lines] == ["AUC", "one", "two"]
    assert lines[1].split()[1:] == ["0.7500", "0.4723", "0.1581", "0.3375"]


def test_the_plot_of_the_same_figures_is_the_same_file(tmp_path: Path) -> None:
    metrics = [measure(name, BOUGHT, CHANCE) for name in ("a", "b", "c")]
    for name in ("first.svg", "second.svg"):
        plot(metrics, BOUGHT, [CHANCE] * 3, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
