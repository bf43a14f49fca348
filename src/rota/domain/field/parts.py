"""Parts of dates, times of day and moments: which numbers they have, and what holds a number.

What follows one another as the values themselves do, such as years, is a stretch: a test of it becomes spans of values,
which an index finds. What comes again and again, such as months, is a cycle: a test becomes the set of its numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from rota.domain.field.queries import Comparison, Offsets
from rota.domain.field.terms import DAY_US, Terms
from rota.domain.walltime import opening_at

Bounds = tuple[int | None, int | None]
"""Both included; None where there is none."""

Span = tuple[int | None, int | None]
"""The second end is not included."""

HOUR_US, MINUTE_US, SECOND_US = 3_600_000_000, 60_000_000, 1_000_000

CLOCK_SINCE, CLOCK_UNTIL = 1970, 2051
"""The years in which parts of moments are told exactly in zones that set their clocks."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """`begins` is the first value of a number; what comes after `most` is beyond all values."""

    begins: Callable[[int, Terms], int]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """`kept` is the part by which a database tells it, of numbers from `least` to `most`; `number` makes it of them."""

    kept: str
    least: int
    most: int
    number: Callable[[int], int] = int


def stored_date(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _midnight(day: date, terms: Terms) -> int:
    return opening_at(datetime(day.year, day.month, day.day), terms.zone)


def _first_of(year: int) -> date:
    return date(year, 1, 1)


def _first_of_iso(year: int) -> date:
    return date.fromisocalendar(year, 1, 1)


_CYCLES_OF_DAYS: Mapping[str, Cycle] = {
    "month": Cycle("month", 1, 12),
    "day": Cycle("day", 1, 31),
    "week": Cycle("week", 1, 53),
    "week_day": Cycle("week_day", 1, 7),
    "iso_week_day": Cycle("week_day", 1, 7, lambda day: (day + 5) % 7 + 1),
    "quarter": Cycle("month", 1, 12, lambda month: (month + 2) // 3),
}
_CYCLES_OF_HOURS: Mapping[str, Cycle] = {"minute": Cycle("minute", 0, 59), "second": Cycle("second", 0, 59)}

OF_DATES: Mapping[str, Stretch | Cycle] = {
    "year": Stretch(lambda year, terms: stored_date(_first_of(year)), 1, MAXYEAR),
    "iso_year": Stretch(lambda year, terms: stored_date(_first_of_iso(year)), 1, MAXYEAR),
    **_CYCLES_OF_DAYS,
}
OF_TIMES: Mapping[str, Stretch | Cycle] = {
    "hour": Stretch(lambda hour, terms: hour * HOUR_US, 0, 23),
    **_CYCLES_OF_HOURS,
}
OF_MOMENTS: Mapping[str, Stretch | Cycle] = {
    "year": Stretch(lambda year, terms: _midnight(_first_of(year), terms), 1, MAXYEAR),
    "iso_year": Stretch(lambda year, terms: _midnight(_first_of_iso(year), terms), 1, MAXYEAR),
    **_CYCLES_OF_DAYS,
    "hour": Cycle("hour", 0, 23),
    **_CYCLES_OF_HOURS,
}
DAYS = Stretch(lambda ordinal, terms: _midnight(date.fromordinal(ordinal), terms), 1, date.max.toordinal())
"""The days of moments, by their ordinals."""


def bounds(comparison: Comparison, numbers: tuple[int, ...]) -> list[Bounds]:
    """What passes the comparison lies within one of these. There are two numbers for RANGE, any for EXACT and IN."""
    first, last = numbers[0], numbers[-1]
    single: Mapping[Comparison, list[Bounds]] = {
        Comparison.GT: [(first + 1, None)],
        Comparison.GTE: [(first, None)],
        Comparison.LT: [(None, first - 1)],
        Comparison.LTE: [(None, first)],
        Comparison.RANGE: [(first, last)],
    }
    return single.get(comparison) or [(number, number) for number in numbers]


def spans(stretch: Stretch, within: Iterable[Bounds], terms: Terms) -> tuple[Span, ...]:
    """Where the values lie whose numbers are within one of the bounds."""
    return tuple(_spans(stretch, within, terms))


def _spans(stretch: Stretch, within: Iterable[Bounds], terms: Terms) -> Iterator[Span]:
    for least, most in within:
        first = None if least is None or least <= stretch.least else least
        last = None if most is None or most >= stretch.most else most
        if (first or stretch.least) <= (stretch.most if last is None else last) and (first or 0) <= stretch.most:
            yield (
                None if first is None else stretch.begins(first, terms),
                None if last is None else stretch.begins(last + 1, terms),
            )


def kept_numbers(cycle: Cycle, within: Iterable[Bounds]) -> tuple[int, ...]:
    """The numbers of the part by which a database tells it that are within one of the bounds."""
    chosen = list(within)
    return tuple(
        each
        for each in range(cycle.least, cycle.most + 1)
        if any(
            (least is None or least <= cycle.number(each)) and (most is None or cycle.number(each) <= most)
            for least, most in chosen
        )
    )


@lru_cache(maxsize=64)
def offsets(zone: tzinfo) -> Offsets:
    """What the zone's clock shows from CLOCK_SINCE to CLOCK_UNTIL. It looks every 20 days, for no zone goes to and fro
    within less, and halves the days in which the clock is set."""
    at, until = (_at(datetime(year, 1, 1, tzinfo=UTC)) for year in (CLOCK_SINCE, CLOCK_UNTIL))
    found = [(at, _ahead(at, zone))]
    while at < until:
        following = at + 20 * DAY_US
        if _ahead(following, zone) != found[-1][1]:
            found.append(_set_between(at, following, zone))
        at = following
    return tuple(found)


def _set_between(before: int, after: int, zone: tzinfo) -> tuple[int, int]:
    while after - before > SECOND_US:
        middle = (before + after) // 2 // SECOND_US * SECOND_US
        before, after = (middle, after) if _ahead(middle, zone) == _ahead(before, zone) else (before, middle)
    return after, _ahead(after, zone)


def _at(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _ahead(at: int, zone: tzinfo) -> int:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return (when.astimezone(zone).utcoffset() or timedelta()) // timedelta(microseconds=1)
