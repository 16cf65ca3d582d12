"""The rows of the catalogue: read, or changed by one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import edgefold_reducer as ef
from edgefold_serving import Bundle
from sqlalchemy import Connection, Engine, select, update

from ..database import writing
from ..schema import blobs, bundles, settings, specs
from ..store import insert_missing
from .release import Blob, Release, Snapshot, blobs_of, release_of

REVISION = "catalogue_revision"


def read_revision(connection: Connection) -> int:
    """Return the number that grows with every change of the catalogue; 0 before the first."""
    return int(connection.scalar(_REVISION) or 0)


def read_snapshot(connection: Connection) -> Snapshot:
    """Return what is in effect."""
    newest = connection.scalar(select(specs.c.id).order_by(specs.c.revision.desc()).limit(1))
    active = select(bundles.c.name, bundles.c.version, bundles.c.manifest, bundles.c.spec)
    rows = connection.execute(active.where(bundles.c.is_active).order_by(bundles.c.name))
    return Snapshot(read_revision(connection), newest, {row.name: Release(*row) for row in rows})


def read_releases(connection: Connection, name: str) -> list[Release]:
    """Return every release of a name, the oldest version first."""
    found = select(bundles.c.name, bundles.c.version, bundles.c.manifest, bundles.c.spec).where(bundles.c.name == name)
    return [Release(*row) for row in connection.execute(found.order_by(bundles.c.version, bundles.c.published_at_ms))]


def read_active(connection: Connection, name: str) -> Release | None:
    """Return the active release of a name."""
    return read_snapshot(connection).releases.get(name)


def read_spec(connection: Connection, spec_id: str) -> str | None:
    """Return the text of a published spec."""
    text: str | None = connection.scalar(select(specs.c.text).where(specs.c.id == spec_id))
    return text


def read_spec_ids(connection: Connection) -> list[str]:
    """Return the ids of all published specs, the newest first."""
    return list(connection.scalars(select(specs.c.id).order_by(specs.c.revision.desc())))


def read_blob(connection: Connection, sha256: str) -> Blob | None:
    """Return a file by its content's hash."""
    found = select(blobs.c.content, blobs.c.sha256, blobs.c.media_type).where(blobs.c.sha256 == sha256)
    row = connection.execute(found).first()
    return None if row is None else Blob(*row)


@dataclass
class Change:
    """A change of the catalogue under way, the only one; each step that changes something takes the next revision."""

    connection: Connection
    revision: int
    now_ms: int

    def next(self) -> int:
        """Return the next revision, and store that it is reached."""
        self.revision += 1
        self.connection.execute(update(settings).where(settings.c.name == REVISION).values(value=str(self.revision)))
        return self.revision

    def add_spec(self, spec: ef.Spec) -> None:
        """Let devices use a spec."""
        if read_spec(self.connection, spec.id) is None:
            row = {"id": spec.id, "text": spec.to_json(), "published_at_ms": self.now_ms, "revision": 0}
            insert_missing(self.connection, specs, row)
            self.next()

    def add_bundle(self, bundle: Bundle) -> Release:
        """Store a bundle with its spec and files; it is not active by that."""
        release = release_of(bundle)
        if release not in read_releases(self.connection, release.name):
            self.add_spec(bundle.spec)
            for blob in blobs_of(bundle):
                insert_missing(self.connection, blobs, vars(blob))
            row = vars(release) | {"published_at_ms": self.now_ms, "is_active": False}
            insert_missing(self.connection, bundles, row)
            self.next()
        return release

    def put_into_effect(self, spec_id: str) -> None:
        """Make a spec the newest."""
        self.connection.execute(update(specs).where(specs.c.id == spec_id).values(revision=self.next()))

    def activate(self, release: Release) -> None:
        """Make a release the active one of its name, and its spec the newest."""
        chosen = bundles.c.manifest == release.manifest
        self.connection.execute(update(bundles).where(bundles.c.name == release.name).values(is_active=chosen))
        self.put_into_effect(release.spec)


@contextmanager
def changing(engine: Engine, now_ms: int) -> Iterator[Change]:
    """Open a transaction that changes the catalogue; others wait, and no worker sees half of it."""
    with writing(engine) as connection:
        insert_missing(connection, settings, {"name": REVISION, "value": "0"})
        revision = connection.scalar(_REVISION.with_for_update())
        yield Change(connection, int(revision or 0), now_ms)


_REVISION = select(settings.c.value).where(settings.c.name == REVISION)
