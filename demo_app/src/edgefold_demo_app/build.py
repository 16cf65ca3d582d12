"""The steps of the demo, each skipped where its result is fresh."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import edgefold_reducer as ef
import pandas as pd
from edgefold_exporter import export
from edgefold_sync_api import import_profiles
from flask import Flask

from .cdnow import cdnow_path
from .evaluate import table
from .fresh import fingerprint, is_fresh
from .plot import plot
from .report import report
from .rows import SPLIT, date_ms
from .shop import OPENS, spec

Say = Callable[[str], None]


def build_bundle(orders: pd.DataFrame, output: Path, say: Say) -> None:
    """Train, measure and export into ``output``: ``bundle/``, ``evaluation.json``, ``evaluation.svg``."""
    from .training import frame_of, train

    stamp, made_from = output / "bundle.stamp", fingerprint(cdnow_path().read_bytes())
    if not is_fresh(stamp, made_from):
        say(f"Build training rows at {len(SPLIT.train)} dates, rows to evaluate at {len(SPLIT.evaluate)} later ones")
        frame = frame_of(orders, SPLIT)
        say(f"Train on {len(SPLIT.train)} dates, then foretell what training never saw")
        trained = train(frame, SPLIT)
        (output / "evaluation.json").write_text(json.dumps(report(trained, SPLIT), indent=1))
        (output / "evaluation.txt").write_text(table(list(trained.metrics)))
        plot(list(trained.metrics), trained.bought, list(trained.chances), output / "evaluation.svg")
        say("Export the bundle, and hold it to the fitted model row by row")
        shutil.rmtree(output / "bundle", ignore_errors=True)
        # A browser refuses an older bundle than it has seen, also after this folder was removed: the version is the time.
        version = int(datetime.now(UTC).strftime("%Y%m%d%H%M%S"))
        export(
            trained.model, spec, trained.features, output / "bundle", y=trained.labels, name=spec.name, version=version
        )
        stamp.write_text(made_from)
    say(f"{(output / 'evaluation.txt').read_text()}\n{json.loads((output / 'evaluation.json').read_text())['verdict']}")


def load_histories(orders: pd.DataFrame, app: Flask, output: Path, say: Say) -> None:
    """Import every customer's history, up to the day that the shop opens, into the API as their base profile."""
    stamp, made_from = output / "shop.stamp", fingerprint(cdnow_path().read_bytes())
    if is_fresh(stamp, made_from):
        return
    say("Import the customers' histories into the sync API, as base profiles")
    stored = import_profiles(
        app, ef.profiles_at(spec, {"order": ef.source(orders, missing=["record"])}, date_ms(OPENS))
    )
    say(f"… {stored:,} profiles")
    stamp.write_text(made_from)


def secret_of(output: Path) -> str:
    """Return the secret that signs the demo's tokens, made on the first run."""
    path = output / "secret"
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def database_url(output: Path) -> str:
    """Return the URL of the API's database."""
    return f"sqlite:///{(output / 'shop.db').resolve()}"
