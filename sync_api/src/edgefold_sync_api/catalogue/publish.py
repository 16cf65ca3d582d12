"""What an operator does to the catalogue at any time: publish, and roll back. Running workers follow within about a second."""

from __future__ import annotations

import edgefold_reducer as ef
from edgefold_serving import Bundle
from sqlalchemy import Engine

from ..errors import ReleaseRefused
from .records import changing, read_active, read_releases
from .release import Release, release_of


def publish_bundle(engine: Engine, bundle: Bundle, now_ms: int) -> Release:
    """Store a bundle and make it the active one of its name; repeating it changes nothing more.

    Raises:
        ReleaseRefused: a newer version of the name is published, or another bundle of the same version.
    """
    release = release_of(bundle)
    with changing(engine, now_ms) as change:
        for known in read_releases(change.connection, release.name):
            if known.version > release.version or (known.version == release.version and known != release):
                raise ReleaseRefused(
                    release.name, release.version, f"a version over {known.version}, which is published"
                )
        change.add_bundle(bundle)
        if read_active(change.connection, release.name) != release:
            change.activate(release)
    return release


def publish_spec(engine: Engine, spec: ef.Spec, now_ms: int) -> None:
    """Let devices use a spec, and make it the newest."""
    with changing(engine, now_ms) as change:
        change.add_spec(spec)
        change.put_into_effect(spec.id)


def roll_back(engine: Engine, name: str, version: int | None, now_ms: int) -> Release:
    """Make an older release of a name active: that of ``version``, else the one before the active one.

    What devices gave by the newer spec stays, and counts again when it is published again.

    Raises:
        ReleaseRefused: there is no such release.
    """
    with changing(engine, now_ms) as change:
        releases = read_releases(change.connection, name)
        active = read_active(change.connection, name)
        if version is None:
            before = [release for release in releases if active is not None and release.version < active.version]
        else:
            before = [release for release in releases if release.version == version]
        if not before:
            versions = ", ".join(str(release.version) for release in releases) or "none"
            expected = f"one of its published versions ({versions}); {active.version if active else 'none'} is active"
            raise ReleaseRefused(name, version, expected)
        if before[-1] != active:
            change.activate(before[-1])
    return before[-1]
