"""What tests of timing rules share: instants, zones whose clocks are set, rules, and dateutil's own naive expansion."""

import datetime as calendar
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile
from types import FrameType
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from hypothesis import strategies as st

SECOND = 1_000_000
DAY = 86_400 * SECOND

# New York and Berlin set their clocks at night, Lord Howe by half an hour, Beirut, Santiago and Havana at midnight,
# Casablanca four times around Ramadan; Apia left out a day in 2011.
ZONES = (
    *("UTC", "Africa/Nairobi", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"),
    *("Asia/Beirut", "America/Santiago", "America/Havana", "Africa/Casablanca", "Pacific/Apia"),
)
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])


def instant(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 time; without an offset it is UTC."""
    when = datetime.fromisoformat(text)
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def instant_of(wall: datetime, zone: tzinfo) -> int:
    return instant(wall.replace(tzinfo=zone).isoformat())


def naive(text: str, start: datetime, last: datetime) -> list[datetime]:
    """What dateutil names up to `last` when it walks all the way from `start`."""
    named: list[datetime] = []
    with _last_year(last.year + 1), suppress(ValueError):  # its word for what can be seen never to happen
        for wall in takewhile(lambda wall: wall <= last, rrulestr(text, dtstart=start)):
            named.append(wall)
    return named


@contextmanager
def _last_year(year: int) -> Iterator[None]:
    """dateutil seeks until the last year of the calendar."""
    before, calendar.MAXYEAR = calendar.MAXYEAR, year  # type: ignore[misc]
    try:
        yield
    finally:
        calendar.MAXYEAR = before  # type: ignore[misc]


def calls(work: Callable[[], object]) -> int:
    """How often anything was called to do this work: a measure that no clock disturbs."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted
