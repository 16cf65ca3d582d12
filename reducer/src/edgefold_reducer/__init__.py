"""Declare how events fold into a profile; fold, merge and read it, row by row or over tables.

Written ``import edgefold_reducer as ef``.
"""

from .authoring import (
    attribute,
    count,
    count_by,
    distinct,
    first,
    last,
    maximum,
    mean,
    minimum,
    ratio,
    time_since_first,
    time_since_last,
    total,
    total_by,
)
from .canonical import canonical_json
from .carry import Carried, add, carry, keep, merge_kept, since_of
from .duration import Duration, days, hours, minutes
from .errors import (
    InvalidAttribute,
    InvalidEvent,
    InvalidProfile,
    InvalidReplica,
    InvalidSpec,
    InvalidTable,
    ReadOutTooEarly,
    ReducerError,
    SpecMismatch,
)
from .event import Event, EventType, event
from .features import features
from .field import boolean, decimal, enum, integer, string
from .fold import empty_profile, fold, merge
from .kept import Kept
from .profile import Profile
from .spec import Column, Feature, Spec, validate_attributes, validate_event
from .table import LongTable, Source, long_table, profiles_at, source, training_frame

__version__ = "0.1.0"

__all__ = [
    "Carried",
    "Column",
    "Duration",
    "Event",
    "EventType",
    "Feature",
    "InvalidAttribute",
    "InvalidEvent",
    "InvalidProfile",
    "InvalidReplica",
    "InvalidSpec",
    "InvalidTable",
    "Kept",
    "LongTable",
    "Profile",
    "ReadOutTooEarly",
    "ReducerError",
    "Source",
    "Spec",
    "SpecMismatch",
    "add",
    "attribute",
    "boolean",
    "canonical_json",
    "carry",
    "count",
    "count_by",
    "days",
    "decimal",
    "distinct",
    "empty_profile",
    "enum",
    "event",
    "features",
    "first",
    "fold",
    "hours",
    "integer",
    "keep",
    "last",
    "long_table",
    "maximum",
    "mean",
    "merge",
    "merge_kept",
    "minimum",
    "minutes",
    "profiles_at",
    "ratio",
    "since_of",
    "source",
    "string",
    "time_since_first",
    "time_since_last",
    "total",
    "total_by",
    "training_frame",
    "validate_attributes",
    "validate_event",
]
