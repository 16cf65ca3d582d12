"""``edgefold export``."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import edgefold_reducer as ef
import joblib
import pyarrow as pa
import pyarrow.parquet as pq
from edgefold_serving import BundleError

from .errors import ExportError
from .export import export

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="export")
@click.argument("model_path", metavar="MODEL", type=FILE)
@click.argument("spec_path", metavar="SPEC", type=FILE)
@click.argument("rows_path", metavar="ROWS", type=FILE)
@click.argument("bundle_path", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("--name", help="The bundle's name [the spec's].")
@click.option("--version", default=1, show_default=True, help="Higher than that of a bundle already there.")
@click.option("--label", help="The column of ROWS with the labels; the golden rows then hold each of them.")
@click.option("--threshold", type=float, help="Predict the second of two labels from this probability on.")
@click.option("--expires", help="The bundle scores no more from this time on (ISO 8601).")
def export_command(
    model_path: Path,
    spec_path: Path,
    rows_path: Path,
    bundle_path: Path,
    name: str | None,
    version: int,
    label: str | None,
    threshold: float | None,
    expires: str | None,
) -> None:
    """Export MODEL (pickled, by joblib or pickle) with SPEC (reducer.json) to BUNDLE, a directory or .zip.

    ROWS (Parquet) are those that it was fitted on, or some like them; columns that are no features are left out. Reading a pickle runs the
    code in it: name only a MODEL that you trust.
    """
    try:
        spec = ef.Spec.from_json(spec_path.read_bytes())
        table = pq.read_table(rows_path)
        if label is not None and label not in table.column_names:
            raise click.BadParameter(f"ROWS has {', '.join(table.column_names)}, not {label}", param_hint="--label")
        bundle = export(
            joblib.load(model_path),
            spec,
            _features_of(spec, table).to_pandas(),
            bundle_path,
            y=None if label is None else table[label].to_pylist(),
            name=name,
            version=version,
            threshold=threshold,
            expires=None if expires is None else datetime.fromisoformat(expires),
        )
    except (ExportError, BundleError, ef.ReducerError, ValueError, OSError, pa.ArrowException) as error:
        raise click.ClickException(str(error)) from error
    manifest, parity = bundle.manifest, bundle.manifest.members["parity"]
    size = sum(len(content) for content in bundle.files.values())
    click.echo(f"{bundle_path}: {manifest.name} version {manifest.version}, {size:,} bytes.")
    click.echo(
        f"Equal to the model on {parity['golden']} golden and {parity['adversarial']} adversarial rows: no label differs, "
        f"probabilities within {_power(parity['largest_probability_difference'])} (tolerance {parity['tolerance']:.0e})."
    )


def _features_of(spec: ef.Spec, table: pa.Table) -> Any:
    return table.select([column.name for column in spec.columns if column.name in table.column_names])


def _power(difference: float) -> str:
    return "0" if difference == 0 else f"1e{math.ceil(math.log10(difference))}"
