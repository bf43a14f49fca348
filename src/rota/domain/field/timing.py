"""When a task of the field is on: its bounds, its occurrences as far as they are made, and when it is over.

A rule with an end of its own is expanded to that end. One without is expanded up to a horizon, which moves on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, tzinfo

from rota.domain.faults import Fault
from rota.domain.field.tasks import TaskLocation
from rota.domain.recurrence import Expansion, Hours, Occurrence, Schedule, bounds, expand, read_rule
from rota.domain.rules import Rule, RuleFault
from rota.domain.walks import Allowance


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: microseconds since 1970 UTC. `start_at` and `end_at` are None where the rule is to say them.

    `zone` is that of rules without one; those without DTSTART begin at the start or, without one, at `reference`.
    """

    timing_rule: str | None
    start_at: int | None
    end_at: int | None
    locations: Sequence[TaskLocation]
    zone: tzinfo
    reference: int


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """`schedules` name the occurrences; `bounded` says that all of them end by themselves. It equals itself alone, so
    that what follows from it can be kept by it."""

    start_at: int
    end_at: int | None
    schedules: tuple[Schedule, ...]
    bounded: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """Occurrences up to a moment: `expanded_to` is None once nothing is left to be expanded. `expires_at` is the last
    moment of the task, None while none is known."""

    occurrences: tuple[Occurrence, ...]
    cut: bool
    expanded_to: int | None
    expires_at: int | None


def timing(wanted: Wanted) -> Timing | list[Fault]:
    """The bounds and the schedules of a task, or all that is wrong with its rules and times."""
    faults: list[Fault] = []
    if wanted.timing_rule is None and wanted.start_at is None:
        faults.append(Fault(("timing_rule",), "is required unless start is given"))
    reference = wanted.reference if wanted.start_at is None else wanted.start_at
    allowance = Allowance()
    rule = _read(wanted.timing_rule, wanted.zone, reference, allowance, ("timing_rule",), faults)
    own = [
        _read(each.timing_rule, wanted.zone, reference, allowance, ("locations", at, "meta", "timing_rule"), faults)
        for at, each in enumerate(wanted.locations)
    ]
    faults += _hours_faults(wanted.locations)
    if faults:
        return faults
    start_at, end_at = bounds(rule, wanted.start_at, wanted.end_at) if rule else (reference, wanted.end_at)
    if end_at is not None and end_at < start_at:
        return [Fault(("end",), "is before the start")]
    schedules = tuple(_schedules(rule, own, wanted.locations))
    # One allowance for all, and each rule once: there may be thousands of locations, with a rule each or all with one.
    walking = Allowance()
    rules = {id(each.rule): each.rule for each in schedules}
    bounded = all(bounds(each, allowance=walking)[1] is not None for each in rules.values())
    return Timing(start_at, end_at, schedules, bounded)


def _read(
    text: str | None,
    zone: tzinfo,
    reference: int,
    allowance: Allowance,
    path: tuple[str | int, ...],
    faults: list[Fault],
) -> Rule | None:
    try:
        return None if text is None else read_rule(text, zone, reference, allowance)
    except RuleFault as fault:
        faults.append(Fault(path, str(fault)))
        return None


def _hours_faults(locations: Sequence[TaskLocation]) -> Iterator[Fault]:
    for at, each in enumerate(locations):
        if each.start_time is not None and each.end_time is not None and each.end_time <= each.start_time:
            yield Fault(("locations", at, "meta", "end"), "is not after the start")


def _schedules(rule: Rule | None, own: Sequence[Rule | None], locations: Sequence[TaskLocation]) -> Iterator[Schedule]:
    """One for each location that has a rule, the task's or its own; where there are no locations, the task's alone."""
    if not locations and rule:
        yield Schedule(rule)
    for each, its_own in zip(locations, own, strict=True):
        if found := its_own or rule:
            yield Schedule(found, each.location_id, Hours(_time(each.start_time), _time(each.end_time)))


def calendar(timing: Timing, horizon_us: int, now: int) -> Calendar:
    """The occurrences of a task from its start on. Those of rules without end reach a horizon: so long from now, or
    from the start where that is later."""
    until = max(now, timing.start_at) + horizon_us
    complete = timing.end_at is not None and (timing.bounded or timing.end_at <= until)
    if complete and timing.end_at is not None:
        until = timing.end_at
    found = expand(timing.schedules, timing.start_at, until) if timing.schedules else Expansion(())
    whole = not timing.schedules or complete
    expires_at = _expiry(timing.end_at, found) if whole and not found.cut else timing.end_at
    return Calendar(found.occurrences, found.cut, None if whole or found.cut else until, expires_at)


def extension(timing: Timing, calendar_to: int, horizon_us: int, present: int, limit: int, now: int) -> Calendar:
    """What comes after a calendar that reaches `calendar_to` and holds `present` occurrences; `limit` is for all. What
    came last there may come again."""
    until = max(now, timing.start_at) + horizon_us
    complete = timing.end_at is not None and timing.end_at <= until
    if complete and timing.end_at is not None:
        until = timing.end_at
    found = expand(timing.schedules, calendar_to + 1, until, max(0, limit - present))
    return Calendar(found.occurrences, found.cut, None if complete or found.cut else until, timing.end_at)


def _expiry(end_at: int | None, found: Expansion) -> int | None:
    """The end of the last occurrence, or of the task where that comes first or there are no occurrences."""
    last = max((each.ends_at for each in found.occurrences), default=end_at)
    return last if end_at is None or last is None else min(end_at, last)


def date_number(day: date) -> int:
    """
    >>> date_number(date(2018, 5, 24))
    20180524
    """
    return (day.year * 100 + day.month) * 100 + day.day


def date_of(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def time_number(at: time) -> int:
    """Microseconds since midnight."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def time_of(number: int) -> time:
    seconds, microsecond = divmod(number, 1_000_000)
    return time(seconds // 3_600, seconds // 60 % 60, seconds % 60, microsecond)


def _time(number: int | None) -> time | None:
    return None if number is None else time_of(number)
