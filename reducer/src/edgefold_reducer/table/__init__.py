"""Batch: tables of events to training rows and base profiles, in DuckDB."""

from .frame import training_frame
from .profiles import profiles_at

__all__ = ["profiles_at", "training_frame"]
