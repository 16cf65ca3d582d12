"""What the reducer's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from edgefold_reducer.plan import plan_of


@pytest.fixture
def planted_fault() -> Iterator[None]:
    """Make the plans of equal specs anew, before a fault is planted and after: a plan holds on to the functions that it was made of."""
    plan_of.cache_clear()
    yield
    plan_of.cache_clear()
