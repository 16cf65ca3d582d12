"""The catalogue as a running worker follows it."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import suppress

import edgefold_reducer as ef
from edgefold_serving import Bundle
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ..database import reading
from ..errors import NotFound, SpecMismatch, Unavailable
from .configured import Configured, put_configured, sign
from .records import read_blob, read_revision, read_snapshot, read_spec, read_spec_ids
from .release import MANIFEST_FILE, Blob, Release, Snapshot, release_of

LOOK_S = 1.0
"""A worker asks the database for the catalogue's revision at most so often, when a request comes."""
SIGN_S = 10.0
"""A worker tells at most so often that it lives."""

log = logging.getLogger("edgefold_sync_api")


class Catalogue:
    """What is in effect, at most about a second old; what is unknown is looked up at once. Safe to use from several threads."""

    def __init__(self, engine: Engine, given: Configured) -> None:
        self._engine, self._given = engine, given
        self._specs: dict[str, ef.Spec] = {bundle.spec.id: bundle.spec for bundle in given.bundles}
        self._bundles = {release_of(bundle).manifest: bundle for bundle in given.bundles}
        self._looking = threading.Lock()
        self._looked_s = self._signed_s = time.monotonic()
        self._snapshot = Snapshot()
        self._look()

    @property
    def newest(self) -> ef.Spec:
        """The spec that came into effect last: for whoever names none."""
        newest = self._current().newest
        assert newest is not None, "the settings name a spec or a bundle"
        return self._spec(newest)

    @property
    def revision(self) -> int:
        """A number that grows with each change: of two manifests of a name, the one with the larger number is the operator's word."""
        return self._current().revision

    def spec(self, spec_id: str) -> ef.Spec:
        """Return a spec of the catalogue by its id.

        Raises:
            SpecMismatch: it was never published.
        """
        self._current()
        if spec_id not in self._specs:
            self._look()
        try:
            return self._spec(spec_id)
        except LookupError:
            raise SpecMismatch(spec_id, self._snapshot.newest or "") from None

    def specs(self) -> list[ef.Spec]:
        """Return every spec of the catalogue, the newest first."""
        with reading(self._engine) as connection:
            ids = read_spec_ids(connection)
        return [self._spec(spec_id) for spec_id in ids]

    @property
    def releases(self) -> dict[str, Release]:
        """The active release of each bundle: those of this process's configuration first."""
        active = self._current().releases
        names = [bundle.manifest.name for bundle in self._given.bundles]
        return {name: active[name] for name in [*names, *active] if name in active}

    def release(self, name: str | None) -> Release:
        """Return the active release of a bundle; without a name, the first.

        Raises:
            NotFound: there is no such bundle.
        """
        releases = self.releases
        if not releases or (name is not None and name not in releases):
            self._look()
            releases = self.releases
        if name is None and releases:
            return next(iter(releases.values()))
        if name is None or name not in releases:
            raise NotFound(f"bundle {ascii(name)[:80]}", ", ".join(releases) or "none")
        return releases[name]

    def bundle(self, release: Release) -> Bundle:
        """Return a release to score by."""
        bundle = self._bundles.get(release.manifest)
        if bundle is None:
            bundle = self._open(release)
            active = {each.manifest for each in self._current().releases.values()}
            kept = {manifest: each for manifest, each in self._bundles.items() if manifest in active}
            self._bundles = kept | {release.manifest: bundle}
        return bundle

    def blob(self, sha256: str) -> Blob | None:
        """Return a file of any bundle that was ever published."""
        with reading(self._engine) as connection:
            return read_blob(connection, sha256)

    def _spec(self, spec_id: str) -> ef.Spec:
        known = self._specs.get(spec_id)
        if known is not None:
            return known
        with reading(self._engine) as connection:
            text = read_spec(connection, spec_id)
        if text is None:
            raise LookupError(spec_id)
        return self._specs.setdefault(spec_id, ef.Spec.from_json(text))

    def _open(self, release: Release) -> Bundle:
        with reading(self._engine) as connection:
            manifest = _content(connection, release.manifest)
            hashes = {name: file["sha256"] for name, file in json.loads(manifest)["files"].items()}
            files = {name: _content(connection, sha256) for name, sha256 in hashes.items()}
        return Bundle.from_files({**files, MANIFEST_FILE: manifest}.__getitem__)

    def _current(self) -> Snapshot:
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_S and self._looking.acquire(blocking=False):
            try:
                with suppress(Unavailable):  # what is in effect stays so while the database does not answer
                    self._look()
            finally:
                self._looking.release()
        if now_s - self._signed_s >= SIGN_S:
            self._signed_s = now_s
            threading.Thread(target=self._sign, name="edgefold sign", daemon=True).start()
        return self._snapshot

    def _look(self) -> None:
        self._looked_s = time.monotonic()
        with reading(self._engine) as connection:
            if read_revision(connection) != self._snapshot.revision:
                self._snapshot = read_snapshot(connection)

    def _sign(self) -> None:
        # In a thread of its own: a request must not wait for the writers before it.
        try:
            sign(self._engine, self._given, time.time_ns() // 1_000_000)
        except (SQLAlchemyError, Unavailable) as error:
            log.warning("%s while telling that this worker lives", type(error).__name__)


def open_catalogue(engine: Engine, given: Configured, now_ms: int) -> Catalogue:
    """Publish what the process is started with, and return the catalogue of the database."""
    put_configured(engine, given, now_ms)
    return Catalogue(engine, given)


def _content(connection: Connection, sha256: str) -> bytes:
    blob = read_blob(connection, sha256)
    assert blob is not None, "every file was stored before the bundle"
    return blob.content
