"""``edgefold serve``, ``publish``, ``rollback``, ``token`` and ``import``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from .app import create_app
from .bulk import import_lines
from .catalogue import publish_bundle, publish_spec, read_configured, roll_back
from .config import DEFAULT_DATABASE_URL, database_url_of, secret_of
from .database import open_database
from .errors import SyncError
from .serve import run
from .server import EXTENSION, Server, now_ms
from .tokens import SCORE, issue_token

_path = click.Path(exists=True, path_type=Path)
_bundles = click.option(
    "--bundle",
    "bundles",
    type=_path,
    multiple=True,
    help="A bundle to serve; repeat it for several [EDGEFOLD_BUNDLES].",
)
_spec = click.option("--spec", type=_path, help="A spec (reducer.json) to serve without a bundle [EDGEFOLD_SPEC].")
_database = click.option("--database", help=f"The database's URL [EDGEFOLD_DATABASE_URL, else {DEFAULT_DATABASE_URL}].")


def _application(bundles: tuple[Path, ...], spec: Path | None, database: str | None) -> Any:
    given = {
        "EDGEFOLD_BUNDLES": bundles or None,
        "EDGEFOLD_SPEC": spec,
        "EDGEFOLD_DATABASE_URL": database,
    }
    try:
        return create_app({name: value for name, value in given.items() if value is not None})
    except SyncError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@_bundles
@_spec
@_database
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8000, show_default=True, help="The port to listen at; 0 takes a free one.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="The number of processes.")
def serve(
    bundles: tuple[Path, ...], spec: Path | None, database: str | None, host: str, port: int, workers: int
) -> None:
    """Serve the sync API; the database's schema is brought up to date first. EDGEFOLD_SECRET signs the tokens."""
    app = _application(bundles, spec, database)
    server: Server = app.extensions[EXTENSION]
    names = [f"{release.name} {release.version}" for release in server.catalogue.releases.values()]
    newest = server.catalogue.newest
    what = f"spec {newest.name} {newest.id[:12]}, bundles: {', '.join(names) or 'none'}"
    run(app, host, port, workers, lambda address: click.echo(f"Listening at {address}; {what}."))


@click.command()
@click.option("--bundle", "bundles", type=_path, multiple=True, help="A bundle to publish; repeat it for several.")
@click.option("--spec", type=_path, help="A spec (reducer.json) that devices may use, without a bundle.")
@_database
def publish(bundles: tuple[Path, ...], spec: Path | None, database: str | None) -> None:
    """Publish bundles, or a spec, in the catalogue of a database: running servers serve them within about a second."""
    if not bundles and spec is None:
        raise click.UsageError("give --bundle or --spec: the path of what to publish.")
    try:
        given = read_configured(bundles, spec)
        engine = open_database(database_url_of(os.environ, database))
        for release in [publish_bundle(engine, bundle, now_ms()) for bundle in given.bundles]:
            click.echo(f"Published {release.name} {release.version}, of spec {release.spec[:12]}.")
        if given.spec is not None:
            publish_spec(engine, given.spec, now_ms())
            click.echo(f"Published spec {given.spec.name} {given.spec.id[:12]}.")
    except SyncError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("name")
@click.option("--to", "version", type=click.IntRange(1), help="The version to go back to [the one before the active].")
@_database
def rollback(name: str, version: int | None, database: str | None) -> None:
    """Make an older published version of bundle NAME the active one; running servers serve it within about a second."""
    try:
        release = roll_back(open_database(database_url_of(os.environ, database)), name, version, now_ms())
    except SyncError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Rolled {release.name} back to {release.version}, of spec {release.spec[:12]}.")


@click.command()
@click.option("--subject", required=True, help="Whom the token speaks for.")
@click.option("--hours", default=1.0, show_default=True, help="How long it is valid.")
@click.option("--scope", type=click.Choice([SCORE]), help="Let it name other subjects to score: for a back end.")
def token(subject: str, hours: float, scope: str | None) -> None:
    """Print a token signed by EDGEFOLD_SECRET, for development: your own back end issues those of your users."""
    try:
        click.echo(issue_token(secret_of(os.environ), subject, hours, scope))
    except SyncError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_bundles
@_spec
@_database
def import_command(path: Path, bundles: tuple[Path, ...], spec: Path | None, database: str | None) -> None:
    """Import FILE: JSON Lines of {"subject", "profile"?, "attributes"?}; each replaces what an import gave before."""
    server: Server = _application(bundles, spec, database).extensions[EXTENSION]
    try:
        profiles, attributes = import_lines(server, path.read_bytes().splitlines())
    except SyncError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Imported {profiles} profiles and attributes of {attributes} subjects.")
