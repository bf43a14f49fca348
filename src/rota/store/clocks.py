"""Parts of moments as SQL: what a zone's clock shows, by whole-number arithmetic alone, so that one text serves both
databases.

What the clock shows stands in each expression once, for the zone's offset is a long one. The calendar is that of Neri
and Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022): days since a first of
March, or since a first of January after a leap year, are taken apart by divisions and remainders, one after the other.
Numbers in the text are those of the calendar and of the zone, never what somebody has asked.
"""

from collections.abc import Callable, Mapping

from rota.domain.field.queries import Offsets

_DAY_US = 86_400_000_000
_FROM_MARCH = 719_468
"""Days from 1 March of the year 0 to 1970: what is counted from there is never negative, so that both databases divide
alike."""

_FROM_YEAR_ONE = 719_162
"""Days from Monday, 1 January of the year 1, to 1970."""


def _offset(column: str, offsets: Offsets) -> str:
    """A tree of comparisons, for a chain would be as long as the zone's history."""
    if len(offsets) == 1:
        return str(offsets[0][1])
    half = len(offsets) // 2
    earlier, later = _offset(column, offsets[:half]), _offset(column, offsets[half:])
    return f"CASE WHEN {column} < {offsets[half][0]} THEN {earlier} ELSE {later} END"


def _shown(column: str, offsets: Offsets, days: int) -> str:
    """Microseconds on the clock, counted from so many days before 1970."""
    return f"({column} + ({_offset(column, offsets)}) + {days * _DAY_US})"


def _day_of_century(days: str) -> str:
    return f"(4 * {days} + 3) % 146097 / 4"


def _month_and_day(column: str, offsets: Offsets) -> str:
    """The month, 3 to 14, times 2**16, and 2141 for each of its days."""
    days = f"({_shown(column, offsets, _FROM_MARCH)} / {_DAY_US})"
    day_of_year = f"2939745 * (4 * ({_day_of_century(days)}) + 3) % 4294967296 / 2939745 / 4"
    return f"(2141 * ({day_of_year}) + 197913)"


def _month(column: str, offsets: Offsets) -> str:
    return f"({_month_and_day(column, offsets)} / 65536 - 1) % 12 + 1"


def _day(column: str, offsets: Offsets) -> str:
    return f"{_month_and_day(column, offsets)} % 65536 / 2141 + 1"


def _week(column: str, offsets: Offsets) -> str:
    """A week is of the year of its Thursday."""
    thursday = f"({_shown(column, offsets, _FROM_YEAR_ONE)} / {_DAY_US} / 7 * 7 + 3)"
    return f"(4 * ({_day_of_century(thursday)}) + 3) % 1461 / 4 / 7 + 1"


def _week_day(column: str, offsets: Offsets) -> str:
    return f"({_shown(column, offsets, _FROM_YEAR_ONE)} / {_DAY_US} + 1) % 7 + 1"


def _time(column: str, offsets: Offsets) -> str:
    return f"{_shown(column, offsets, _FROM_YEAR_ONE)} % {_DAY_US}"


def _of_time(unit_us: int, most: int) -> Callable[[str, Offsets], str]:
    return lambda column, offsets: f"{_time(column, offsets)} / {unit_us} % {most}"


PARTS: Mapping[str, Callable[[str, Offsets], str]] = {
    "month": _month,
    "day": _day,
    "week": _week,
    "week_day": _week_day,
    "time": _time,
    "hour": _of_time(3_600_000_000, 24),
    "minute": _of_time(60_000_000, 60),
    "second": _of_time(1_000_000, 60),
}
