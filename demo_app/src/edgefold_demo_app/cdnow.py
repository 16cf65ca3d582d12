"""The purchases of CDNOW, a record shop on the web, 1997-01-01 to 1998-06-30: 69,659 orders of 23,570 customers.

Source: Fader and Hardie, "Forecasting repeat sales at CDNOW: a case study", Interfaces 31(3), 2001; the file comes
with the package ``lifetimes``.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

PURCHASES = 69_659
CUSTOMERS = 23_570


class CdnowMissing(Exception):
    """The file of purchases is not where the package ``lifetimes`` has it; carries ``path``."""

    def __init__(self, path: Path | None) -> None:
        where = "the package lifetimes is not installed" if path is None else f"there is no {path.name} in lifetimes"
        super().__init__(f"{where}; it holds the CDNOW purchases: pip install lifetimes==0.11.3")
        self.path = path


def cdnow_path() -> Path:
    """Find the file in the installed package ``lifetimes``, which is never imported.

    Raises:
        CdnowMissing: the package, or the file in it, is not there.
    """
    found = find_spec("lifetimes")
    if found is None or found.origin is None:
        raise CdnowMissing(None)
    path = Path(found.origin).parent / "datasets" / "CDNOW_master.txt"
    if not path.is_file():
        raise CdnowMissing(path)
    return path


def read_orders(path: Path | None = None) -> pd.DataFrame:
    """Read the purchases as a table of ``order`` events, in the order of the file.

    Columns: subject (five digits), time (midnight UTC, ms since 1970), seq (1, 2, … per subject), cds, amount (dollars).
    """
    table = pd.read_csv(
        path or cdnow_path(),
        sep=r"\s+",
        skiprows=1,
        names=["subject", "date", "cds", "amount"],
        dtype={"subject": str, "date": str, "cds": "int64", "amount": "float64"},
    )
    table["time"] = milliseconds(pd.to_datetime(table["date"], format="%Y%m%d", utc=True))
    table["seq"] = table.groupby("subject").cumcount() + 1
    return table[["subject", "time", "seq", "cds", "amount"]]


def milliseconds(times: pd.Series) -> pd.Series:
    """Convert timestamps to whole milliseconds since 1970."""
    return times.dt.as_unit("ms").astype("int64")
