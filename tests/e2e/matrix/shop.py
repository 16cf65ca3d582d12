"""The specs of the matrix's shop, and the site that serves it. Each order has a key of its own, which one aggregate counts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import edgefold_reducer as ef
from click.testing import CliRunner
from edgefold_sync_api import tokens
from edgefold_sync_api.command import publish

from ..site import SECRET, Site, serving
from .scenario import KEYS, SUBJECTS

order = ef.event("order", amount=ef.decimal(2), key=ef.string(8))
FEATURES = {"n": ef.count_by(order.key, keys=list(KEYS)), "orders": ef.count(order)}
OLD = ef.Spec("shop", events=[order], features=FEATURES, triggers=[order])
NEW = ef.Spec("shop", events=[order], features=FEATURES | {"spent": ef.total(order.amount)}, triggers=[order])


class Shop:
    """A served site, and the deploys of its specs."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self._folder = site, folder

    def publish(self, spec: ef.Spec) -> None:
        """Publish a spec by the operator's own command; the server runs on."""
        path = self._folder / f"{spec.id}.json"
        path.write_text(spec.to_json())
        ran = CliRunner().invoke(publish, ["--spec", str(path), "--database", f"sqlite:///{self._folder / 'sync.db'}"])
        assert ran.exit_code == 0, ran.output

    def counts_of(self, subject: str, spec: ef.Spec) -> dict[str, float]:
        """Return how often the server counts each key of a subject, by a spec."""
        ask = {"Authorization": f"Bearer {token_of(subject)}"}
        answer = self.site.app.test_client().get(f"/v1/profile?spec={spec.id}", headers=ask)
        profile = ef.Profile.from_json(spec, ef.canonical_json(answer.get_json()["others"]))
        row = ef.features(spec, profile, max(time.time_ns() // 1_000_000, (profile.last_ms or 0) + 1))
        return {name.removeprefix("n="): float(str(count)) for name, count in row.items() if name.startswith("n=")}


@contextmanager
def shop(page: Path, folder: Path) -> Iterator[Shop]:
    """Serve the page and an API with a database of its own."""
    spec = folder / "reducer.json"
    spec.write_text(OLD.to_json())
    with serving(page, None, folder / "sync.db", EDGEFOLD_SPEC=str(spec)) as site:
        yield Shop(site, folder)


def token_of(subject: str) -> str:
    """Return a token that a page of the shop gets for its user."""
    return tokens.issue_token(SECRET, subject, hours=1)


def opening_of(subject: str | None, spec: ef.Spec, store: str) -> dict[str, object]:
    """Return what a page opens its client by; without a subject, the first one's token tells whose log it is."""
    tokens = {each: token_of(each) for each in SUBJECTS}
    return {"spec": json.loads(spec.to_json()), "subject": subject, "tokens": tokens, "store": store}
