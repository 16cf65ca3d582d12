"""The customers' histories, as the sync API keeps them: one base profile each."""

from __future__ import annotations

from pathlib import Path

import edgefold_reducer as ef
import pandas as pd
from edgefold_sync_api import import_profiles

from .rows import date_ms
from .shop import OPENS, spec


def import_histories(orders: pd.DataFrame, database_url: str) -> int:
    """Import every customer's base profile as of the day that the shop opens; return how many there are."""
    profiles = ef.profiles_at(spec, {"order": orders}, date_ms(OPENS))
    return import_profiles(spec, database_url, profiles)
