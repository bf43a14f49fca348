"""When recurring tasks are due: the bounds of a timing rule, and the occurrences that it names at locations.

Nothing here takes longer than its allowance, whatever the rule. One that never ends is asked only for what lies before
a horizon; what the allowance does not suffice to find is refused (`read_rule`), not known (`bounds`) or said to be
missing (`expand`). The same arguments give the same answer, and an occurrence has a key: what is stored can be brought
in line with what is wanted, and doing so twice changes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from heapq import merge
from itertools import groupby

from rota.domain.rules import Rule, RuleFault, parse_rule
from rota.domain.walks import Allowance, Exhausted, Recurrence, last_counted, walk
from rota.domain.walltime import END_OF_DAY, LAST, closing_at, day_closing_at, opening_at, reading, readings

OCCURRENCES_LIMIT = 10_000
"""Of a task, over all its locations."""

SECOND = 1_000_000

Key = tuple[int | None, date, time]


@dataclass(frozen=True, slots=True)
class Hours:
    """When a location is open, on the clock of the rule's zone. What is None is the rule's to say.

    Where a rule names several times of a day and the location says when it opens, they are one occurrence.
    """

    start: time | None = None
    end: time | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule that names a task's occurrences at one location, or at none in particular."""

    rule: Rule
    location: int | None = None
    hours: Hours = Hours()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A stretch of a day on which a task is to be done: from `start_time` to `end_time`, the last moment included.

    Date and times are what the clock of the rule's zone shows. `starts_at` and `ends_at` are the same in microseconds
    since 1970 UTC, never one without the other: `starts_at < ends_at`.
    """

    date: date
    start_time: time
    end_time: time
    starts_at: int
    ends_at: int
    location: int | None = None

    @property
    def key(self) -> Key:
        """Which occurrence of its task it is. No two that `expand` gives have the same."""
        return self.location, self.date, self.start_time

    @property
    def time_string(self) -> str:
        """As a person says it: `24th May 2018, 7 a.m. to 2:30 p.m.`"""
        day = f"{self.date.day}{_ordinal(self.date.day)} {_MONTHS[self.date.month - 1]} {self.date.year}"
        return f"{day}, {_spoken(self.start_time)} to {_spoken(self.end_time)}"


@dataclass(frozen=True, slots=True)
class Expansion:
    """Occurrences in the order in which they begin. `cut` says that the rules name more than these."""

    occurrences: tuple[Occurrence, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes the stored occurrences the wanted ones. Those in `amend` keep their keys, and have other ends."""

    add: tuple[Occurrence, ...] = ()
    amend: tuple[Occurrence, ...] = ()
    remove: tuple[Occurrence, ...] = ()


def read_rule(text: str, zone: tzinfo, start: int, allowance: Allowance | None = None) -> Rule:
    """The rule of a text, which names at least one time from its start on, unless its UNTIL is before that.

    `zone` and `start`, microseconds since 1970 UTC, are for a text without DTSTART: such a rule takes the time of day,
    the day of the week and so on from the task's start. Raises RuleFault, also for a rule that never happens.
    """
    rule = parse_rule(text, zone, start)
    try:
        happens = _over_before_it_starts(rule) or _first(rule, allowance or Allowance()) is not None
    except Exhausted:
        raise RuleFault("never happens, as far as can be told") from None
    if not happens:
        raise RuleFault("never happens")
    return rule


def _over_before_it_starts(rule: Rule) -> bool:
    return bool(rule.recurrences) and all(
        each.until is not None and each.until < rule.starts_at for each in rule.recurrences
    )


def _first(rule: Rule, allowance: Allowance) -> int | None:
    return next((at for _, at in _instances(rule, rule.starts_at, opening_at(LAST, rule.zone), allowance)), None)


def bounds(
    rule: Rule, start: int | None = None, end: int | None = None, allowance: Allowance | None = None
) -> tuple[int, int | None]:
    """The start and the end of a task, in microseconds since 1970 UTC, where they are not given.

    The start is the rule's, to the second. The end is the latest of: each UNTIL, and the end of the day, in the rule's
    zone, of each last COUNT and of the last RDATE. It is None where a recurrence has neither UNTIL nor COUNT, or so
    large a COUNT that its last cannot be found.
    """
    starts_at = rule.starts_at if start is None else start
    return starts_at, _end(rule, allowance or Allowance()) if end is None else end


def _end(rule: Rule, allowance: Allowance) -> int | None:
    try:
        ends = [_end_of(each, rule, allowance) for each in rule.recurrences]
    except Exhausted:
        return None
    ends += [day_closing_at(last, rule.zone) for last in rule.dates[-1:]]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _end_of(recurrence: Recurrence, rule: Rule, allowance: Allowance) -> int | None:
    if recurrence.until is not None or recurrence.count is None:
        return recurrence.until
    last = last_counted(recurrence, rule.start, rule.zone, allowance)
    return None if last is None else day_closing_at(last, rule.zone)


def _instances(rule: Rule, since: int, until: int, allowance: Allowance) -> Iterator[tuple[datetime, int]]:
    """What the rule names from `since` to `until`, both included: readings of its clock, ascending, none twice, and
    their instants. (Where a clock jumps, readings in the gap come before earlier instants.) Raises Exhausted.
    """
    first, last = readings(since, rule.zone)[0], readings(until, rule.zone)[1]

    def walks(recurrences: Sequence[Recurrence]) -> list[Iterator[datetime]]:
        return [walk(each, rule.start, rule.zone, first, last, allowance) for each in recurrences]

    named = (wall for wall, _ in groupby(merge(*walks(rule.recurrences), rule.dates)))
    for wall in _without(named, merge(*walks(rule.exceptions))):
        at = opening_at(wall, rule.zone)
        left_out = wall in rule.times_left_out or wall.date() in rule.days_left_out
        if since <= at <= until and not left_out:
            yield wall, at


def _without(named: Iterator[datetime], left_out: Iterator[datetime]) -> Iterator[datetime]:
    """Both ascending."""
    following = next(left_out, None)
    for wall in named:
        while following is not None and following < wall:
            following = next(left_out, None)
        if wall != following:
            yield wall


def expand(
    schedules: Collection[Schedule],
    since: int,
    until: int,
    limit: int = OCCURRENCES_LIMIT,
    allowance: Allowance | None = None,
) -> Expansion:
    """The occurrences whose rule names a time from `since` to `until`, in microseconds since 1970 UTC, both included.

    `start_time` is the time that the rule names, or the location's. `end_time` is the location's, or for the last
    occurrence of a rule with UNTIL the time of day of UNTIL, or else the end of the day; UNTIL's time counts only if it
    is after the start. What a location's hours leave no time for is not there. `limit` keeps the earliest of all
    locations.
    """
    allowance = allowance or Allowance()
    # Rules name whole seconds: what begins with its task must not be lost for the task's fraction of a second.
    since -= since % SECOND
    found: dict[Key, Occurrence] = {}
    cut = False
    try:
        for each in merge(*(_occurrences(schedule, since, until, allowance) for schedule in schedules), key=_order):
            if len(found) == limit and each.key not in found:
                cut = True
                break
            found[each.key] = each
    except Exhausted:
        cut = True
    return Expansion(tuple(sorted(found.values(), key=_order)), cut)


def _order(occurrence: Occurrence) -> tuple[int, int]:
    return occurrence.starts_at, occurrence.location or 0


def _occurrences(schedule: Schedule, since: int, until: int, allowance: Allowance) -> Iterator[Occurrence]:
    latest: datetime | None = None
    for wall, _ in _instances(schedule.rule, since, until, allowance):
        if latest is not None:
            yield from _occurrence(schedule, latest, END_OF_DAY)
        latest = wall
    if latest is not None:
        yield from _occurrence(schedule, latest, _end_after(schedule.rule, latest, allowance))


def _end_after(rule: Rule, wall: datetime, allowance: Allowance) -> time:
    """When what begins with this ends, if no more of the rule was asked for."""
    closing = _closing(rule)
    last = closing is not None and _is_last(rule, wall, closing, allowance)
    return reading(closing, rule.zone).time() if closing is not None and last else END_OF_DAY


def _closing(rule: Rule) -> int | None:
    """The UNTIL with which the rule ends, if it ends with one."""
    untils = [each.until for each in rule.recurrences if each.until is not None]
    if not untils or len(untils) < len(rule.recurrences):
        return None
    return None if any(opening_at(each, rule.zone) > max(untils) for each in rule.dates) else max(untils)


def _is_last(rule: Rule, wall: datetime, closing: int, allowance: Allowance) -> bool:
    """Whether the rule names nothing after this: it does not depend on how far occurrences are asked for."""
    named = _instances(rule, opening_at(wall, rule.zone), closing, allowance)
    return not any(later > wall for later, _ in named)


def _occurrence(schedule: Schedule, wall: datetime, end: time) -> Iterator[Occurrence]:
    """At most one. `end` is for where the location does not say it."""
    hours, zone, day = schedule.hours, schedule.rule.zone, wall.date()
    start = wall.time() if hours.start is None else hours.start
    end = hours.end or (end if end > start else END_OF_DAY)
    if start < end:
        opening, closing = datetime.combine(day, start), datetime.combine(day, end)
        starts_at, ends_at = opening_at(opening, zone), closing_at(closing, zone)
        # The clock may jump over the start and not over the end: then the stretch moves as a whole.
        if ends_at <= starts_at:
            ends_at = starts_at + (closing - opening) // timedelta(microseconds=1)
        yield Occurrence(day, start, end, starts_at, ends_at, schedule.location)


def _ordinal(day: int) -> str:
    return "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _spoken(at: time) -> str:
    """`7 a.m.`, `2:30 p.m.`, `noon`, `midnight`: without seconds."""
    if (at.hour, at.minute) in _NAMED_TIMES:
        return _NAMED_TIMES[at.hour, at.minute]
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{(at.hour - 1) % 12 + 1}{minutes} {'a.m.' if at.hour < 12 else 'p.m.'}"


_NAMED_TIMES = {(0, 0): "midnight", (12, 0): "noon"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def changes(stored: Iterable[Occurrence], wanted: Iterable[Occurrence], pinned: Collection[Key] = ()) -> Changes:
    """What is to be done for the stored occurrences of a task to be the wanted ones, in their order.

    Those in `pinned` (because there are submissions) are not removed. After the changes there are none to make.
    """
    before = {each.key: each for each in stored}
    after = {each.key: each for each in wanted}
    return Changes(
        add=tuple(each for key, each in after.items() if key not in before),
        amend=tuple(each for key, each in after.items() if key in before and before[key] != each),
        remove=tuple(each for key, each in before.items() if key not in after and key not in pinned),
    )
