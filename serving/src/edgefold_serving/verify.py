"""Replay a bundle's golden cases: events to profile to features to score."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import edgefold_reducer as ef
import numpy as np

from .bundle import VECTORS_FILE, Bundle
from .errors import InvalidBundle


@dataclass(frozen=True)
class Verification:
    """What a replay measured."""

    cases: int
    largest_difference: float
    """The largest absolute difference of a probability to the golden one."""


def verify(bundle: Bundle) -> Verification:
    """Replay every golden case; profiles and features must be equal, probabilities within the manifest's tolerance.

    Raises:
        InvalidBundle: names the first case that differs, and where.
    """
    largest = 0.0
    try:
        cases = bundle.vectors()
        for case in cases:
            largest = max(largest, _replay(bundle, case))
    except (KeyError, RecursionError, TypeError, ValueError, ef.ReducerError) as error:
        raise InvalidBundle(VECTORS_FILE, repr(error), "golden cases of the spec") from error
    return Verification(len(cases), largest)


def _replay(bundle: Bundle, case: dict[str, Any]) -> float:
    place = f"{VECTORS_FILE} case {json.dumps(case['name'], ensure_ascii=False)}"
    profile = ef.fold(bundle.spec, case["events"], replica=case["replica"], unit="ms")
    if profile.to_json() != ef.canonical_json(case["profile"]):
        raise InvalidBundle(f"{place} profile", profile.members(), f"{case['profile']}")
    row = ef.features(bundle.spec, profile, case["now_ms"], case["attributes"])
    for name, value in row.items():
        shown = None if isinstance(value, float) and math.isnan(value) else value
        golden = case["features"].get(name, "missing")
        if shown != golden or isinstance(golden, bool):
            raise InvalidBundle(f"{place} feature {name}", shown, repr(golden))
    scores = bundle.score([row])
    if scores.labels[0] != case["label"]:
        raise InvalidBundle(f"{place} label", scores.labels[0], f"{case['label']!r}")
    probabilities = np.array(case["probabilities"], dtype=np.float64)
    same_shape = probabilities.shape == scores.probabilities[0].shape  # else numpy would spread one over all
    difference = float(np.abs(scores.probabilities[0] - probabilities).max()) if same_shape else math.inf
    if not difference <= bundle.manifest.tolerance:
        raise InvalidBundle(f"{place} probabilities", scores.probabilities[0].tolist(), f"{case['probabilities']}")
    return difference
