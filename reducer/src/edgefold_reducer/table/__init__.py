"""Batch: tables of events to training rows and base profiles, in DuckDB."""

from .frame import training_frame
from .profiles import profiles_at
from .source import LongTable, Source, long_table, source

__all__ = ["LongTable", "Source", "long_table", "profiles_at", "source", "training_frame"]
