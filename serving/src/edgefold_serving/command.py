"""``edgefold verify``."""

from __future__ import annotations

from pathlib import Path

import click

from . import Bundle, BundleError
from .verify import verify as replay_vectors


@click.command()
@click.argument("bundle_path", metavar="BUNDLE", type=click.Path(exists=True, path_type=Path))
def verify(bundle_path: Path) -> None:
    """Check a BUNDLE (directory or .zip): hashes, spec, model, and every golden case from events to score."""
    try:
        bundle = Bundle.open(bundle_path)
        found = replay_vectors(bundle)
    except BundleError as error:
        raise click.ClickException(str(error)) from error
    manifest = bundle.manifest
    click.echo(
        f"{manifest.name} version {manifest.version} is whole: {len(bundle.files)} files, spec {bundle.spec.id[:12]}, "
        f"{len(manifest.features)} features, labels {list(manifest.labels)}."
    )
    click.echo(
        f"{found.cases} golden cases replayed: profiles and features equal, "
        f"probabilities within {found.largest_difference:.1e} (tolerance {manifest.tolerance:.0e})."
    )
