"""A deploy drill: specs A to B to A and back, two at once, old tabs open; every aggregate equals the fold of all events, or says since when.

Three devices of one person, real bundles, the operator's own commands, one server that is never restarted. EDGEFOLD_COUNT makes it longer.
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from click.testing import CliRunner
from edgefold_sync_api import tokens
from edgefold_sync_api.command import publish, rollback

from ..bundles import Exported, later_bundle, later_spec, linear_bundle, spec
from .device import Event, folded, orders
from .engine.browser import Browser, Tab, running
from .engine.process import Engine
from .site import SECRET, Site, serving

SEED, EVENTS = int(os.environ.get("EDGEFOLD_SEED", "1")), max(450, 2 * int(os.environ.get("EDGEFOLD_COUNT", "0")))
BATCH = 100

OPEN = """async (given) => {
  const { name, token, phase } = given
  window.client = await edgefold.openClient({
    bundle: '/v1/bundles/repurchase/manifest', name, sync: { url: '/v1', token },
  })
  client.on('error', (error) => note({ name, phase, error: `${error.name}: ${error.message}` }))
  while (client.spec === null) await new Promise((resolve) => setTimeout(resolve, 20))
  return client.spec.id
}"""
TRACK = """async (orders) => {
  const events = await Promise.all(orders.map((order) => client.track('order', order)))
  return events.map(({ type, time, seq, id, data }) => ({ type, time, seq, id, data }))
}"""
SYNC = "async () => { await client.sync(); return client.status().pending }"
READ = """async () => {
  await client.sync()
  const { features, now, since } = await client.score()
  const { spec, pending, rejected } = client.status()
  return { features, now, since, spec, pending, rejected }
}"""


def _same(got: Any, expected: Any) -> bool:
    if isinstance(expected, float) and math.isnan(expected):
        return got is None
    return bool(got == expected)


class Drill:
    """A site, its releases, and the three devices' tabs; ``logs`` are all events by replica, ``statuses`` how the API answered."""

    def __init__(self, browser: Browser, site: Site, database: Path) -> None:
        self.browser, self.site, self.database = browser, site, database
        self.token = tokens.issue_token(SECRET, "ann", hours=2)
        self.logs: dict[str, list[Event]] = {}
        self.made = 0
        self.statuses: Counter[tuple[str, str]] = Counter()
        site.app.wsgi_app = self._counting(site.app.wsgi_app)  # type: ignore[method-assign]  # how Flask documents a middleware

    def _counting(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def handle(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            def count(status: str, *rest: Any) -> Any:
                self.statuses[environ["PATH_INFO"], status.partition(" ")[0]] += 1
                return start(status, *rest)

            return app(environ, count)

        return handle

    def command(self, command: Any, *arguments: str) -> None:
        """Run a command of ``edgefold``."""
        ran = CliRunner().invoke(command, [*arguments, "--database", f"sqlite:///{self.database}"])
        assert ran.exit_code == 0, ran.output

    def wait_served(self, version: int) -> None:
        """Wait until the running server serves a version."""
        deadline = time.monotonic() + 60
        client = self.site.app.test_client()
        while client.get("/v1/bundles/repurchase/manifest").get_json()["version"] != version:
            assert time.monotonic() < deadline, f"the running server did not follow to version {version} in 60 s"
            time.sleep(0.05)

    def open(self, name: str, expected: ef.Spec, phase: str) -> Tab:
        """Open a tab of a device; its page has the bundle that is served now."""
        tab = self.browser.open()
        assert tab.evaluate(OPEN, {"name": name, "token": self.token, "phase": phase}) == expected.id, phase
        return tab

    def track(self, tabs: list[Tab], count: int) -> None:
        """Track orders in turn on tabs of any devices; sync between batches."""
        for start in range(0, count, BATCH):
            for tab in tabs:
                self.made += 1
                given = orders(SEED * 1_000 + self.made, min(BATCH, count - start))
                events = tab.evaluate(TRACK, given)
                replica = tab.evaluate("() => client.status().replica")
                self.logs.setdefault(replica, []).extend(events)
            for tab in random.Random(self.made).sample(tabs, len(tabs)):
                tab.evaluate(SYNC)

    def drain(self, tabs: list[Tab]) -> None:
        """Sync until nothing of these tabs is pending."""
        deadline = time.monotonic() + 120
        while sum(tab.evaluate(SYNC) for tab in tabs) > 0:
            assert time.monotonic() < deadline, [tab.evaluate("() => client.status()") for tab in tabs]
            time.sleep(0.1)

    def folded(self, by: ef.Spec) -> ef.Profile:
        """Return Python's fold of all events."""
        logs = {replica: sorted(log, key=lambda event: event["seq"]) for replica, log in self.logs.items()}
        return folded(by, logs)

    def assert_server(self, by: ef.Spec) -> int:
        """Assert that the server's aggregates are those of all events, or tell since when; return how many tell."""
        ask = {"Authorization": f"Bearer {self.token}"}
        answer = self.site.app.test_client().get(f"/v1/profile?spec={by.id}", headers=ask).get_json()
        held, since, expected = answer["others"], answer["since"], json.loads(self.folded(by).to_json())
        state = expected["state"]
        unequal = {hash for hash in {*state, *held["state"]} if state.get(hash) != held["state"].get(hash)}
        assert unequal <= set(since), f"of {sorted(unequal)}, only {since} are told"
        assert held["last_ms"] == expected["last_ms"]
        both = spec.aggregates.keys() & later_spec.aggregates.keys()
        assert not both & since.keys(), "every device counted at all times what both specs have"
        self.assert_times(since)
        return len(since)

    def assert_device(self, tab: Tab, by: ef.Spec) -> int:
        """Assert that a device's features are those of all events, or tell since when; return how many tell."""
        read = tab.evaluate(READ)
        assert (read["spec"], read["pending"], read["rejected"]) == (by.id, 0, 0)
        row = ef.features(by, self.folded(by), read["now"], {})
        got = read["features"]
        assert got.keys() == row.keys()
        unequal = {name.partition("=")[0] for name, value in row.items() if not _same(got[name], value)}
        assert unequal <= set(read["since"]), f"of {sorted(unequal)}, only {read['since']} are told"
        self.assert_times(read["since"])
        return len(read["since"])

    def assert_times(self, since: dict[str, int]) -> None:
        """Assert that aggregates are told to count from a moment of the drill."""
        first = min(event["time"] for log in self.logs.values() for event in log)
        assert all(first < since_ms <= time.time_ns() // 1_000_000 for since_ms in since.values()), since


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    folder = tmp_path_factory.mktemp("releases")
    return {"A": linear_bundle(folder / "A"), "B": later_bundle(folder / "B", version=2)}


@contextmanager
def drill(engine: Engine, page: Path, folder: Path, releases: dict[str, Exported]) -> Iterator[Drill]:
    database = folder / "sync.db"
    with (
        serving(page, releases["A"].path, database) as site,
        running(engine, site.url, folder / "profile") as browser,
    ):
        yield Drill(browser, site, database)


def test_a_deploy_and_its_rollback_lose_nothing(
    found_engines: dict[str, Engine], page_folder: Path, tmp_path: Path, releases: dict[str, Exported]
) -> None:
    each = -(-EVENTS // 15)
    with drill(found_engines["chromium"], page_folder, tmp_path, releases) as run:
        phone, laptop = run.open("phone", spec, "A"), run.open("laptop", spec, "A")
        run.track([phone, laptop], each)
        run.command(publish, "--bundle", str(releases["B"].path))
        run.wait_served(2)
        phone_b, tablet_b = run.open("phone", later_spec, "B"), run.open("tablet", later_spec, "B")
        run.track([phone, phone_b, laptop, tablet_b], each)
        run.drain([phone_b, laptop, tablet_b])
        assert run.assert_server(spec) > 0, "the tablet never counted what only A has"
        assert run.assert_server(later_spec) > 0, "nobody counted before B what only B has"
        run.command(rollback, "repurchase")
        run.wait_served(1)
        phone_a, tablet_a = run.open("phone", spec, "A again"), run.open("tablet", spec, "A again")
        run.track([phone, phone_b, phone_a, laptop, tablet_b, tablet_a], each)
        run.drain([phone_a, laptop, tablet_a])
        for by in (spec, later_spec):
            run.assert_server(by)
        for tab in (phone_a, laptop, tablet_a):
            run.assert_device(tab, spec)
        run.command(publish, "--bundle", str(releases["B"].path))
        run.wait_served(2)
        laptop_b = run.open("laptop", later_spec, "B again")
        run.track([laptop_b, laptop, phone_a], each)
        run.drain([laptop_b, phone_a])
        for by in (spec, later_spec):
            run.assert_server(by)
        assert run.assert_device(laptop_b, later_spec) > 0
        assert not {key: count for key, count in run.statuses.items() if key[1] >= "400"}, "a request was refused"
        assert sum(map(len, run.logs.values())) == 15 * each
        next(iter(run.logs.values())).pop()
        with pytest.raises(AssertionError):
            run.assert_server(spec)  # the check sees one event
