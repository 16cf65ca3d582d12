"""``edgefold demo``."""

from __future__ import annotations

import time
from pathlib import Path

import click


@click.command()
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Serve on this port; 0 takes a free one.",
)
@click.option(
    "--output",
    default=Path(".artifacts/demo"),
    show_default=True,
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Keep what is made here; what is fresh is not made again.",
)
@click.option("--no-serve", is_flag=True, help="Build everything, then stop.")
def demo(port: int, output: Path, no_serve: bool) -> None:
    """Train on real purchases, export the model, and open a record shop that scores on the device."""
    from .build import build_bundle, database_url, load_histories, secret_of
    from .cdnow import CdnowMissing, read_orders
    from .customers import customers
    from .page import PageNotBuilt, build_page
    from .serve import PortTaken, serve
    from .site import create_site

    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - started:5.1f} s] {text}")

    output.mkdir(parents=True, exist_ok=True)
    try:
        orders = read_orders()
        say(f"Read {len(orders):,} real purchases of {orders['subject'].nunique():,} customers of CDNOW")
        build_bundle(orders, output, say)
        say("Build the page")
        build_page(output / "page")
        site = create_site(output, customers(orders), secret_of(output), database_url(output))
        load_histories(orders, site, output, say)
        if no_serve:
            say(f"Built into {output}")
            return
        serve(site, port, lambda address: say(f"Open {address} (Ctrl-C stops it)"))
        say("Stopped")
    except (CdnowMissing, PageNotBuilt, PortTaken) as error:
        raise click.ClickException(str(error)) from error
