"""What may be asked of a list: conditions, an order and a page, as plain values.

The names of fields are those of a collection; which there are, and how they are said to a database, is the closed table
of store/lookups.py. Values are as they are stored: dates are numbers such as 20181231, times of day and durations
microseconds, moments microseconds since 1970 UTC, amounts hundredths.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Comparison(StrEnum):
    EXACT = "exact"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    RANGE = "range"
    ISNULL = "isnull"
    WITHIN = "within"


Offsets = tuple[tuple[int, int], ...]
"""How far a zone's clock is ahead of UTC, and since when, both in microseconds, ascending; the first holds before."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`part` is such as `year`, of dates and moments, or `hour`, of times and moments; without one the whole counts.

    `value` is a tuple for IN, a pair for RANGE (both ends included), a bool for ISNULL, else a single value. For WITHIN
    it is a tuple of spans, in one of which a value must lie: pairs whose second end is not included, None for no end.
    Parts of moments are read off a clock with these `offsets`.
    """

    field: str
    comparison: Comparison
    value: Any
    part: str | None = None
    offsets: Offsets = ()


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All conditions must hold; those of the occurrences of tasks (`date`, `start_time`, `end_time`) for one together.

    `words` must all be in the name. `named` are further ones by name, with their own parameters, such as `eligible`.
    """

    conditions: tuple[Condition, ...] = ()
    words: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int = 20
    offset: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of ids in order, and how many there are in all."""

    ids: tuple[int, ...]
    count: int
