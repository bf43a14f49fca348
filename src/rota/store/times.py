"""Tests of the occurrences of tasks, by what those of a task have in common as far as that tells: a look at each of
half a million occurrences would take 100 ms.

One occurrence must pass all tests. That the first and the last of a task's dates lie on this side and that is
necessary; so is that a month occurs. Whether it suffices depends on what is asked; where it does not, the task's
occurrences are looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.domain.field.queries import Comparison, Condition
from rota.store.comparisons import Placed, test_of
from rota.store.lookups import Column


@dataclass(frozen=True, slots=True)
class _Common:
    """The columns of task_times about one column of occurrences: its least and greatest value, and bits of parts."""

    first: Column
    last: Column
    parts: Mapping[str, str]


_DATES = {part: f"d.{part}s" for part in ("month", "day", "week", "week_day")}
_COMMON: Mapping[str, _Common] = {
    "date": _Common(Column("d.first_date"), Column("d.last_date"), _DATES),
    "start_time": _Common(
        Column("d.first_start"),
        Column("d.last_start"),
        {"minute": "d.start_minutes", "second": "d.start_seconds"},
    ),
    "end_time": _Common(
        Column("d.first_end"), Column("d.last_end"), {"minute": "d.end_minutes", "second": "d.end_seconds"}
    ),
}
_DOWN, _UP = {Comparison.LT, Comparison.LTE}, {Comparison.GT, Comparison.GTE}


def tests(columns: Mapping[str, Column], asked: Sequence[Condition], placed: Placed) -> Iterator[str]:
    """All that a row of task_times must pass, for one of the occurrences to pass what is asked of these columns."""
    for test in asked:
        yield _necessary(test, placed)
    if not _suffices(asked):
        sql = "".join(f" AND {test_of(columns[test.field], test, placed)}" for test in asked)
        # No EXISTS: PostgreSQL would make a set of all tasks that have one.
        looked = f"(SELECT 1 FROM occurrences o WHERE o.task_id = d.task_id{sql} LIMIT 1) IS NOT NULL"
        yield f"({' OR '.join([*_sufficient(asked, placed), looked])})"


def _necessary(test: Condition, placed: Placed) -> str:
    common = _COMMON[test.field]
    if test.part is not None:
        bits = sum(1 << number for number in test.value)
        return f"{common.parts[test.part]} & {placed(bits)} <> 0" if bits else "FALSE"
    if test.comparison in _DOWN:
        return test_of(common.first, test, placed)
    if test.comparison in _UP:
        return test_of(common.last, test, placed)
    spans = [_span(common, *each, placed) for each in _stretches(test)]
    days = "".join(f" AND {common.parts[part]} & {placed(bits)} <> 0" for part, bits in _calendar(test).items())
    return f"({' OR '.join(spans)}){days}" if spans else "FALSE"


def _calendar(test: Condition) -> Mapping[str, int]:
    """Bits of the months and days of single dates, for a task that has dates before and after one mostly has it not."""
    if test.field != "date" or test.comparison is not Comparison.IN:
        return {}
    bits = {"month": 0, "day": 0}
    for date in test.value:
        bits["month"] |= 1 << date // 100 % 100
        bits["day"] |= 1 << date % 100
    return bits


def _stretches(test: Condition) -> Sequence[tuple[int | None, int | None]]:
    """Whole numbers, whose second end is not included."""
    if test.comparison is Comparison.RANGE:
        return [(test.value[0], test.value[1] + 1)]
    if test.comparison is Comparison.IN:
        return [(min(test.value), max(test.value) + 1)] if test.value else []
    stretches: Sequence[tuple[int | None, int | None]] = test.value
    return stretches


def _span(common: _Common, first: Any, end: Any, placed: Placed) -> str:
    ends = [] if first is None else [f"{common.last.sql} >= {placed(first)}"]
    ends += [] if end is None else [f"{common.first.sql} < {placed(end)}"]
    return " AND ".join(ends) or "TRUE"


def _suffices(asked: Sequence[Condition]) -> bool:
    """What has but one end is passed by the first or the last; of parts, a bit tells all. Neither tells whether it is
    the same occurrence that passes several tests."""
    if len(asked) != 1:
        return not asked
    test = asked[0]
    one_sided = test.comparison is Comparison.WITHIN and all(None in span for span in test.value)
    return test.part is not None or test.comparison in _DOWN | _UP or one_sided


def _sufficient(asked: Sequence[Condition], placed: Placed) -> Iterator[str]:
    """The first or the last by itself passes all, where all is asked of one column."""
    if len({test.field for test in asked}) == 1 and all(test.part is None for test in asked):
        common = _COMMON[asked[0].field]
        for column in (common.first, common.last):
            yield "(" + " AND ".join(test_of(column, test, placed) for test in asked) + ")"
