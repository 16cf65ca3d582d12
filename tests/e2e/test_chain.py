"""The whole chain in a real browser: two devices, tabs, a crash and a lost reply converge to the bytes of Python's fold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pandas as pd
import pytest
from edgefold_sync_api import sync, tokens
from edgefold_sync_api.profiles import NOTHING, Profiles
from playwright.sync_api import Playwright

from ..bundles import Exported
from .browser import chromium
from .device import READ, assert_device_agrees, folded, open_tab, orders, sync_until_quiet, track
from .site import SECRET, serving

# The page and scikit-learn sum in different orders, and a sigmoid's exp may differ by an ulp.
TOLERANCE = {"trees": 1e-12, "linear": 1e-9}


@pytest.mark.parametrize("kind", ["trees", "linear"])
def test_all_devices_and_python_agree_to_the_bit(
    kind: str, request: pytest.FixtureRequest, playwright: Playwright, page_folder: Path, tmp_path: Path
) -> None:
    exported: Exported = request.getfixturevalue(kind)
    check_chain(exported, TOLERANCE[kind], playwright, page_folder, tmp_path)


def check_chain(exported: Exported, tolerance: float, playwright: Playwright, page_folder: Path, folder: Path) -> None:
    """Run the scenario and assert that everything agrees."""
    spec = exported.bundle.spec
    token = tokens.issue_token(SECRET, "ann", hours=1)
    with serving(page_folder, exported.path, folder / "sync.db") as site, chromium(playwright, folder / "b") as b:
        logs: dict[str, list[dict[str, Any]]] = {}
        with chromium(playwright, folder / "a") as a:
            first, second = open_tab(a, site, token), open_tab(a, site, token)
            replica_a = first.evaluate("client.status().replica")
            assert replica_a == second.evaluate("client.status().replica")
            a.context.set_offline(True)
            logs[replica_a] = track(first, orders(1, 5)) + track(second, orders(2, 5))
            logs[replica_a] += track(first, orders(3, 3)) + track(second, orders(4, 3))
            first.close()
            second.close()
            site.api_down = True
            a.context.set_offline(False)
            third = open_tab(a, site, token)
            logs[replica_a] += track(third, orders(5, 4))
            a.kill()
        site.api_down = False
        with chromium(playwright, folder / "a") as a:
            tab_a, tab_b = open_tab(a, site, token), open_tab(b, site, token)
            b.context.set_offline(True)
            replica_b = tab_b.evaluate("client.status().replica")
            logs[replica_b] = track(tab_b, orders(6, 6))
            b.context.set_offline(False)
            logs[replica_a] += track(tab_a, orders(7, 2))
            site.lose_replies = 1
            for tab in (tab_a, tab_b, tab_a):
                sync_until_quiet(tab)
            assert site.lost_replies == 1
            assert tab_a.evaluate("client.status().replica") == replica_a
            seqs = [event["seq"] for event in logs[replica_a]]
            assert sorted(seqs) == list(range(1, len(seqs) + 1)), "an event was lost, or two share a number"

            expected = folded(spec, logs)
            for tab in (tab_a, tab_b):
                read = tab.evaluate(READ)
                assert_device_agrees(read, spec, expected, {})
                row = ef.features(spec, expected, read["now"])
                fitted = exported.model.predict_proba(
                    pd.DataFrame([row])[list(exported.X.columns)].astype(exported.X.dtypes)
                )[0, 1]
                assert abs(read["score"] - fitted) <= tolerance


def apply_twice(sound: Any, profiles: Profiles, held: Any, diff: Any, decision: Any) -> ef.Kept:
    return ef.add(sound(profiles, held, diff, decision), diff.delta)


def drop(sound: Any, profiles: Profiles, held: Any, diff: Any, decision: Any) -> ef.Kept:
    known = held.replicas.get(diff.replica)
    return NOTHING if known is None else profiles.read(known.profile)


@pytest.mark.parametrize("fault", [apply_twice, drop])
def test_the_scenario_sees_a_planted_fault(
    fault: Callable[..., ef.Kept],
    monkeypatch: pytest.MonkeyPatch,
    trees: Exported,
    playwright: Playwright,
    page_folder: Path,
    tmp_path: Path,
) -> None:
    sound = sync.contribution_after
    monkeypatch.setattr(sync, "contribution_after", partial(fault, sound))
    with pytest.raises(AssertionError):
        check_chain(trees, TOLERANCE["trees"], playwright, page_folder, tmp_path)
