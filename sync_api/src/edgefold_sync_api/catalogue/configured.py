"""What a process was started with, and whether it is in force: an operator gets what he configured, and no two processes take turns.

A process tells every 10 s that it lives. What it configures takes effect
- at once, where the database never saw it configured before: this is a deploy;
- a minute after the last process of the configuration in force was alive, where it did: this is a rolled back deploy. Until then it is
  a process of the old configuration that was started again in the middle of a deploy, and must not turn it back.

What is configured and in force already changes nothing, so a restart leaves what was published or rolled back by command since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
from edgefold_serving import Bundle, BundleError
from sqlalchemy import Engine, select

from ..errors import InvalidConfiguration
from ..schema import MAX_BUNDLE_CHARACTERS, configured
from ..store import put_row
from .records import Change, changing, read_active
from .release import Release, release_of

SPEC_PART = "spec"
SILENT_MS = 60_000
"""So long after its last sign a configuration has no process any more."""


@dataclass(frozen=True)
class Configured:
    """The bundles, in the order of the configuration, and a spec that comes without one."""

    bundles: Sequence[Bundle] = ()
    spec: ef.Spec | None = None
    parts: Mapping[str, str | Release] = field(init=False)
    """By part: the spec's id, or the release. The last one's spec is the newest: EDGEFOLD_SPEC, else the first bundle's."""

    def __post_init__(self) -> None:
        releases = [release_of(bundle) for bundle in reversed(self.bundles)]
        parts: dict[str, str | Release] = {f"bundle {release.name}": release for release in releases}
        if self.spec is not None:
            parts[SPEC_PART] = self.spec.id
        object.__setattr__(self, "parts", parts)


def read_configured(paths: Sequence[Path], spec_path: Path | None) -> Configured:
    """Read and verify the bundles, and the spec.

    Raises:
        InvalidConfiguration: a bundle or spec can't be read, or two bundles have one name.
    """
    bundles: dict[str, Bundle] = {}
    for path in paths:
        bundle = read_bundle(path)
        if bundle.manifest.name in bundles:
            expected = f"another name than {bundle.manifest.name}, which is taken"
            raise InvalidConfiguration("EDGEFOLD_BUNDLES", str(path), expected)
        bundles[bundle.manifest.name] = bundle
    return Configured(tuple(bundles.values()), None if spec_path is None else read_spec_file(spec_path))


def read_bundle(path: Path) -> Bundle:
    """Read and verify a bundle."""
    try:
        bundle = Bundle.open(path)
    except BundleError as error:
        raise InvalidConfiguration("EDGEFOLD_BUNDLES", str(path), f"a whole bundle ({error})") from error
    name = bundle.manifest.name
    if len(name) > MAX_BUNDLE_CHARACTERS or not name.isprintable():
        expected = f"a bundle whose name is 1 to {MAX_BUNDLE_CHARACTERS} printable characters"
        raise InvalidConfiguration("EDGEFOLD_BUNDLES", name, expected)
    return bundle


def read_spec_file(path: Path) -> ef.Spec:
    """Read a spec."""
    try:
        return ef.Spec.from_json(path.read_bytes())
    except (OSError, ef.InvalidSpec) as error:
        raise InvalidConfiguration("EDGEFOLD_SPEC", str(path), f"a spec (reducer.json): {error}") from error


def put_configured(engine: Engine, given: Configured, now_ms: int) -> None:
    """Publish what a process is started with, and put it into effect where that is its turn."""
    with changing(engine, now_ms) as change:
        for bundle in given.bundles:
            change.add_bundle(bundle)
        if given.spec is not None:
            change.add_spec(given.spec)
        _sign(change, given)


def sign(engine: Engine, given: Configured, now_ms: int) -> None:
    """Tell that a process lives, and put what it configures into effect where its turn has come."""
    with changing(engine, now_ms) as change:
        _sign(change, given)


def _sign(change: Change, given: Configured) -> None:
    for part, wanted in given.parts.items():
        value = wanted if isinstance(wanted, str) else wanted.manifest
        seen = select(configured).where(configured.c.part == part).order_by(configured.c.revision.desc())
        rows = change.connection.execute(seen).all()
        in_force = rows[0] if rows else None
        if in_force is not None and in_force.value == value:
            revision = in_force.revision
        elif in_force is not None and _must_wait(change, value, rows):
            continue
        else:
            _take_effect(change, wanted, is_first=in_force is None)
            revision = change.next()
        row = {"part": part, "value": value, "revision": revision, "seen_at_ms": change.now_ms}
        put_row(change.connection, configured, row, row)


def _must_wait(change: Change, value: str, rows: Sequence[Any]) -> bool:
    return any(row.value == value for row in rows) and change.now_ms - rows[0].seen_at_ms <= SILENT_MS


def _take_effect(change: Change, wanted: str | Release, is_first: bool) -> None:
    if isinstance(wanted, str):
        change.put_into_effect(wanted)
        return
    active = read_active(change.connection, wanted.name)
    if is_first and active is not None and active.version > wanted.version:
        return  # published by command before any process was started
    change.activate(wanted)
