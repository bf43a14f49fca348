"""Walking a recurrence from time to time with dateutil, so that the walk always comes to an end.

dateutil looks at the end of a walk only when it has found a time. For one that names no time, such as 30 February, it
goes on to the year 9999. Here every step is counted and paid for, a walk begins near the times that are asked for, and
rules of seconds, minutes and hours are walked in the longest periods that say the same.

Times are naive: what the clock on the wall shows. That it is set forward or back does not change a walk.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum
from itertools import islice
from math import prod
from typing import Any

from dateutil.rrule import rrule, weekday

from rota.domain.walltime import LAST, opening_at, readings

ALLOWANCE = 200_000

Parts = Mapping[str, tuple[int | weekday, ...]]
"""The BY parts of a recurrence under dateutil's names, none empty, none with repetitions."""


class Frequency(IntEnum):
    """With dateutil's numbers."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What an RRULE or an EXRULE says (RFC 5545, 3.3.10). `until` is microseconds since 1970 UTC; Monday is day 0."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: int | None = None
    week_start: int = 0
    parts: Parts = field(default_factory=dict)


class Exhausted(Exception):
    """The allowance is spent, and the walk has not come to its end."""


@dataclass(slots=True)
class Allowance:
    """What a piece of work may cost. A unit is about a microsecond of dateutil's."""

    left: int = ALLOWANCE

    def spend(self, cost: int) -> None:
        """Raises Exhausted."""
        self.left -= cost
        if self.left < 0:
            raise Exhausted


_DAYS = frozenset({"bymonth", "byweekno", "byyearday", "bymonthday", "byeaster", "byweekday"})
_IMPLIED_DAYS: Mapping[Frequency, Mapping[str, Callable[[datetime], int]]] = {
    Frequency.YEARLY: {"bymonth": lambda start: start.month, "bymonthday": lambda start: start.day},
    Frequency.MONTHLY: {"bymonthday": lambda start: start.day},
    Frequency.WEEKLY: {"byweekday": datetime.weekday},
}
_IMPLIED_TIMES: Mapping[Frequency, tuple[str, Callable[[datetime], int]]] = {
    Frequency.HOURLY: ("byhour", lambda start: start.hour),
    Frequency.MINUTELY: ("byminute", lambda start: start.minute),
    Frequency.SECONDLY: ("bysecond", lambda start: start.second),
}


def spell_out(recurrence: Recurrence, start: datetime) -> Recurrence:
    """The same with the parts that it takes from its start written down, so that a walk may begin anywhere."""
    frequency, parts = recurrence.frequency, dict(recurrence.parts)
    if not parts.keys() & (_DAYS - {"bymonth"}):
        for part, of in _IMPLIED_DAYS.get(frequency, {}).items():
            parts.setdefault(part, (of(start),))
    for finer, (part, of) in _IMPLIED_TIMES.items():
        if frequency < finer:
            parts.setdefault(part, (of(start),))
    return replace(recurrence, parts=parts)


_TIMES_AT_ONCE = 240
"""Longer lists of times cost more to make than they save."""

_COARSER: tuple[tuple[Frequency, str, int, Callable[[datetime], int]], ...] = (
    (Frequency.SECONDLY, "bysecond", 60, lambda start: start.second),
    (Frequency.MINUTELY, "byminute", 60, lambda start: start.minute),
    (Frequency.HOURLY, "byhour", 24, lambda start: start.hour),
    (Frequency.DAILY, "byweekday", 7, datetime.weekday),
)
"""Finest first: the part that tells the periods of a frequency apart within one of the next, and how many there are."""


def coarsen(recurrence: Recurrence, start: datetime) -> Recurrence:
    """The same times, spelled out, in longer periods where there are such: every second hour is every day at the
    even or the odd hours. `BYSETPOS` counts within a period, and is left as it is.
    """
    recurrence = spell_out(recurrence, start)
    for finer, part, base, of in _COARSER:
        if recurrence.frequency is finer and "bysetpos" not in recurrence.parts:
            recurrence = _coarsened(recurrence, part, base, of(start))
    return recurrence


def _coarsened(recurrence: Recurrence, part: str, base: int, phase: int) -> Recurrence:
    interval, parts = recurrence.interval, recurrence.parts
    if base % interval == 0:
        reached, interval = set(range(phase % interval, base, interval)), 1
    elif interval % base == 0:
        reached, interval = {phase}, interval // base
    else:
        return recurrence
    # Walks of weeks count days past the end of a year otherwise than walks of days do where these parts are given.
    if part == "byweekday" and parts.keys() & (_DAYS - {part}):
        return recurrence
    kept = tuple(sorted(reached.intersection(_ints(parts[part])) if part in parts else reached))
    coarser = replace(
        recurrence,
        frequency=Frequency(recurrence.frequency - 1),
        interval=interval,
        parts={**parts, part: kept},
    )
    return coarser if kept and times_at_once(coarser) <= _TIMES_AT_ONCE else recurrence


def _ints(values: tuple[int | weekday, ...]) -> set[int]:
    return {value if isinstance(value, int) else value.weekday for value in values}


def times_at_once(recurrence: Recurrence) -> int:
    """How many times of day, hour or minute the parts name for every day, hour or minute."""
    return prod(len(values) for part, values in recurrence.parts.items() if part in {"byhour", "byminute", "bysecond"})


def walk(
    recurrence: Recurrence, start: datetime, zone: tzinfo, since: datetime, last: datetime, allowance: Allowance
) -> Iterator[datetime]:
    """The times that a spelled-out recurrence names, ascending, none twice, none after `last`, up to its UNTIL and
    COUNT. It may begin before `since`, but misses nothing from there on. Raises Exhausted.
    """
    begin, count = _begin(recurrence, start, since)
    if recurrence.until is None:
        return islice(_named(recurrence, begin, min(last, LAST), allowance), count)
    until, (sure, latest) = recurrence.until, readings(recurrence.until, zone)
    named = _named(recurrence, begin, min(last, latest, LAST), allowance)
    within = (wall for wall in named if wall < sure or opening_at(wall, zone) <= until)
    return islice(within, count)


def last_counted(recurrence: Recurrence, start: datetime, zone: tzinfo, allowance: Allowance) -> datetime | None:
    """The time with which COUNT is reached; None if the calendar ends before. Raises Exhausted."""
    assert recurrence.count is not None
    since = start
    if each := _times_a_period(recurrence):
        periods = (recurrence.count - _times_of_the_first(recurrence, start) - 1) // each + 1
        since = _period_opening(recurrence, _period(recurrence, start) + max(periods, 0) * recurrence.interval)
    _, count = _begin(recurrence, start, since)
    walked = deque(enumerate(walk(recurrence, start, zone, since, LAST, allowance), 1), maxlen=1)
    return next((wall for number, wall in walked if number == count), None)


def _begin(recurrence: Recurrence, start: datetime, since: datetime) -> tuple[datetime, int | None]:
    """Where a walk may begin, and what is left there of COUNT."""
    first, count = _period(recurrence, start), recurrence.count
    periods = (_period(recurrence, since) - first) // recurrence.interval
    if periods <= 0:
        return start, count
    begin = _period_opening(recurrence, first + periods * recurrence.interval)
    if count is None:
        return begin, None
    each = _times_a_period(recurrence)
    if each is None:
        return start, count
    return begin, max(0, count - _times_of_the_first(recurrence, start) - (periods - 1) * each)


_EVEN: Mapping[Frequency, frozenset[str]] = {
    Frequency.WEEKLY: frozenset({"byweekday", "byhour", "byminute", "bysecond"}),
    Frequency.DAILY: frozenset({"byhour", "byminute", "bysecond"}),
    Frequency.HOURLY: frozenset({"byminute", "bysecond"}),
    Frequency.MINUTELY: frozenset({"bysecond"}),
    Frequency.SECONDLY: frozenset(),
}
"""The parts that name as many times in each period as in any other."""


def _times_a_period(recurrence: Recurrence) -> int | None:
    """How many times every period has; None if that differs."""
    even = _EVEN.get(recurrence.frequency)
    if even is None or not recurrence.parts.keys() <= even:
        return None
    return prod(len(values) for values in recurrence.parts.values())


def _times_of_the_first(recurrence: Recurrence, start: datetime) -> int:
    """The first period has only those from the start on."""
    return sum(1 for _ in _stepped(recurrence, start, LAST, Stride(recurrence.interval, 0, 0, Allowance())))


_UNITS: Mapping[Frequency, timedelta] = {
    Frequency.WEEKLY: timedelta(weeks=1),
    Frequency.DAILY: timedelta(days=1),
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.MINUTELY: timedelta(minutes=1),
    Frequency.SECONDLY: timedelta(seconds=1),
}
_MONTHS: Mapping[Frequency, int] = {Frequency.YEARLY: 12, Frequency.MONTHLY: 1}


def _origin(recurrence: Recurrence) -> datetime:
    """A time at which a period begins. The calendar begins on a Monday."""
    return datetime.min + timedelta(days=recurrence.week_start if recurrence.frequency is Frequency.WEEKLY else 0)


def _period(recurrence: Recurrence, wall: datetime) -> int:
    """The number of the year, month, week… in which a time lies."""
    if months := _MONTHS.get(recurrence.frequency):
        return (wall.year * 12 + wall.month - 1) // months
    return (wall - _origin(recurrence)) // _UNITS[recurrence.frequency]


def _period_opening(recurrence: Recurrence, period: int) -> datetime:
    """When a year, month, week… begins; the end of the calendar if it begins after that."""
    try:
        if months := _MONTHS.get(recurrence.frequency):
            return datetime(period * months // 12, period * months % 12 + 1, 1)
        return _origin(recurrence) + period * _UNITS[recurrence.frequency]
    except (ValueError, OverflowError):
        return datetime.max


class _Over(Exception):
    """The next period begins after the last time that is asked for."""


class Stride(int):
    """An INTERVAL that counts the steps which are taken with it, and ends the walk.

    dateutil adds it, or seven times it where it counts days of weeks, once for each period that it comes to. (Of
    the hours, minutes and seconds of a day that is left out it passes over most, which only makes the count high.)
    """

    periods: int
    cost: int
    allowance: Allowance

    def __new__(cls, interval: int, periods: int, cost: int, allowance: Allowance) -> "Stride":
        stride = super().__new__(cls, interval)
        stride.periods, stride.cost, stride.allowance = periods, cost, allowance
        return stride

    def _step(self) -> None:
        self.periods -= 1
        if self.periods < 0:
            raise _Over
        self.allowance.spend(self.cost)

    def __radd__(self, other: int) -> int:
        self._step()
        return int.__add__(self, other)

    def __mul__(self, other: int) -> int:
        self._step()
        return int.__mul__(self, other)


_COSTS: Mapping[Frequency, int] = {
    Frequency.YEARLY: 60,
    Frequency.MONTHLY: 12,
    Frequency.WEEKLY: 6,
    Frequency.DAILY: 4,
    Frequency.HOURLY: 4,
    Frequency.MINUTELY: 3,
    Frequency.SECONDLY: 3,
}
"""Measured microseconds of a step."""

_COST_OF_A_POSITION = 15


def _cost(recurrence: Recurrence) -> int:
    positions = len(recurrence.parts.get("bysetpos", ()))
    made_anew = times_at_once(recurrence) if recurrence.frequency >= Frequency.HOURLY else 0
    return _COSTS[recurrence.frequency] + positions * _COST_OF_A_POSITION + made_anew


def _named(recurrence: Recurrence, begin: datetime, last: datetime, allowance: Allowance) -> Iterator[datetime]:
    periods = (_period(recurrence, last) - _period(recurrence, begin)) // recurrence.interval
    if begin > last:
        return
    cost = _cost(recurrence)
    allowance.spend(cost)
    for wall in _stepped(recurrence, begin, last, Stride(recurrence.interval, periods, cost, allowance)):
        allowance.spend(1)
        yield wall


def _stepped(recurrence: Recurrence, begin: datetime, last: datetime, stride: Stride) -> Iterator[datetime]:
    parts: Mapping[str, Any] = recurrence.parts
    try:
        yield from rrule(recurrence.frequency.value, begin, stride, recurrence.week_start, until=last, **parts)
    except (_Over, ValueError):  # what ValueError says is that no step leads to a time which the parts name
        return
