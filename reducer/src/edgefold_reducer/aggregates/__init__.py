"""The aggregates: each is four verbs on an exact, mergeable state, the same in every language."""

from .base import Aggregate, Moment, State
from .registry import aggregate_for, registered

__all__ = ["Aggregate", "Moment", "State", "aggregate_for", "registered"]
