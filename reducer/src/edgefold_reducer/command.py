"""The ``edgefold`` command line. Each installed package adds its subcommands by the entry point ``edgefold.commands``."""

from __future__ import annotations

import json
import math
from importlib.metadata import entry_points
from pathlib import Path

import click

from .canonical import parse_json
from .errors import ReducerError
from .features import features
from .fold import fold
from .spec import Spec
from .times import UNITS


class Commands(click.Group):
    """The subcommands of all installed packages, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return sorted(entry.name for entry in entry_points(group="edgefold.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, or None where no installed package has it."""
        for entry in entry_points(group="edgefold.commands", name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None


@click.command(cls=Commands)
@click.version_option(package_name="edgefold-reducer")
def main() -> None:
    """Fold events into profiles, ship models with them, score at the edge."""


@click.command()
@click.argument("spec_path", metavar="SPEC", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("events_path", metavar="EVENTS", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replica", default="", help="The replica that the events are of.")
@click.option("--unit", type=click.Choice([*UNITS]), help="The unit of the events' times [ms].")
@click.option(
    "--now", "now_ms", type=int, help="Read the features out at this time, in ms since 1970 [the last event + 1]."
)
@click.option("--attributes", default="{}", help="The server's attributes, as a JSON object.")
def replay(
    spec_path: Path, events_path: Path, replica: str, unit: str | None, now_ms: int | None, attributes: str
) -> None:
    """Fold EVENTS (JSON Lines) by SPEC (reducer.json); print the profile and its features as JSON."""
    try:
        spec = Spec.from_json(spec_path.read_bytes())
        events = [parse_json(line) for line in events_path.read_text("utf-8").splitlines() if line.strip()]
        profile = fold(spec, events, replica=replica, unit=unit)
        now = now_ms if now_ms is not None else (profile.last_ms or 0) + 1
        row = features(spec, profile, now, json.loads(attributes))
    except (ReducerError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    shown = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
    click.echo(
        json.dumps({"now_ms": now, "profile": profile.members(), "features": shown}, ensure_ascii=False, indent=2)
    )
