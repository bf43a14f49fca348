"""Lists hold exactly what a naive reading of every lookup would pick, on both databases, in every zone."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ground import ROOT, Ground
from plans import insert
from rota.domain.field.lookups import Filter, Of, conditions
from rota.domain.field.queries import Found, Order, Query
from rota.domain.field.terms import Terms
from rota.operations.field.calendars import note_times
from rota.store import filling, finding, standing
from rota.store.port import Store
from timing import ZONES, instant

TASKS = 60
FILTERS: Mapping[str, Filter] = {
    "date": Filter("date", Of.DATE),
    "start_time": Filter("start_time", Of.TIME),
    "end_time": Filter("end_time", Of.TIME),
    "created": Filter("created", Of.MOMENT),
    "project": Filter("project", Of.ID),
    "status": Filter("status", Of.TEXT, tuple("abcdes")),
    "locations": Filter("locations", Of.ID),
}
OCCURRENCE = ("date", "start_time", "end_time")
US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Made:
    """A task as Python has it."""

    id: int
    created: int
    status: str
    project: int | None
    locations: tuple[int, ...]
    occurrences: tuple[tuple[date, time, time], ...]


def made(number: int, chance: random.Random) -> Made:
    days = [date(2018, 12, 20) + timedelta(days=chance.choice([0, 1, 5, 11, 12, 60, 400])) for _ in range(3)]
    times = [time(chance.choice([0, 7, 17, 23]), chance.choice([0, 27, 59]), chance.choice([0, 59])) for _ in range(3)]
    moments = ["2018-12-31T23:59:59.999999", "2019-03-10T07:30", "2019-11-03T05:59", "2020-02-29T12:00"]
    return Made(
        number,
        instant(chance.choice(moments)) + chance.randrange(-86_400_000_000, 86_400_000_000),
        chance.choice("abcd"),
        chance.choice([None, 1, 2]),
        tuple(chance.sample([1, 2, 3], chance.randrange(3))),
        tuple((day, at, time(23, 59, 59, 999_999)) for day, at in dict(zip(days, times, strict=True)).items())[
            : chance.randrange(4)
        ],
    )


def since_midnight(at: time) -> int:
    return (datetime.combine(date.min, at) - datetime.min) // US


@pytest.fixture
def tasks(store: Store) -> list[Made]:
    Ground.found(store)
    chance = random.Random(7)
    all_made = [made(number, chance) for number in range(1, TASKS + 1)]
    with store.write() as tx:
        names = "id, account_id, name, created_at, modified_at"
        insert(tx, "projects", names, [f"({each}, '{ROOT}', 'p', 1, 1)" for each in (1, 2)])
        places = [f"({each}, '{ROOT}', 'l', '', '', 1, 1)" for each in (1, 2, 3)]
        insert(tx, "locations", "id, account_id, name, country, description, created_at, modified_at", places)
        columns = (
            "id, account_id, name, folded_name, description, start_at, zone, start_given, end_given, status,"
            " required_expertise, target_content_type, target_id, project_id, created_by, created_at, modified_at,"
            " occurrence_count"
        )
        insert(
            tx,
            "tasks",
            columns,
            [
                f"({each.id}, '{ROOT}', 't', 't', '', {each.id % 3}, 'UTC', TRUE, TRUE, '{each.status}', 1, 15, 1,"
                f" {each.project or 'NULL'}, 1, {each.created}, {each.created},"
                f" {len(each.occurrences)})"
                for each in all_made
            ],
        )
        pairs = [f"({each.id}, {place})" for each in all_made for place in each.locations]
        insert(tx, "task_locations", "task_id, location_id", pairs)
        columns = "account_id, task_id, date, week, week_day, start_time, end_time, starts_at, ends_at, created_at"
        insert(tx, "occurrences", columns, [row for each in all_made for row in occurrences(each)])
        note_times(tx, [each.id for each in all_made])
    return all_made


def occurrences(task: Made) -> Iterator[str]:
    for day, start, end in task.occurrences:
        stored = day.year * 10_000 + day.month * 100 + day.day
        yield (
            f"('{ROOT}', {task.id}, {stored}, {day.isocalendar().week}, {day.isoweekday() % 7 + 1},"
            f" {since_midnight(start)}, {since_midnight(end)}, 1, 2, 1)"
        )


PARTS: Mapping[str, Callable[[Any], Any]] = {
    "year": lambda value: value.year,
    "iso_year": lambda value: value.isocalendar().year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "week": lambda value: value.isocalendar().week,
    "week_day": lambda value: value.isoweekday() % 7 + 1,
    "iso_week_day": lambda value: value.isoweekday(),
    "quarter": lambda value: (value.month + 2) // 3,
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "date": lambda value: value.date(),
    "time": lambda value: value.time(),
}
PASSES: Mapping[str, Callable[[Any, Sequence[Any]], bool]] = {
    "exact": lambda value, asked: value in asked,
    "in": lambda value, asked: value in asked,
    "gt": lambda value, asked: value > asked[0],
    "gte": lambda value, asked: value >= asked[0],
    "lt": lambda value, asked: value < asked[0],
    "lte": lambda value, asked: value <= asked[0],
    "range": lambda value, asked: asked[0] <= value <= asked[1],
}
OF_DAYS = ("year", "iso_year", "month", "day", "week", "week_day", "iso_week_day", "quarter")
OF_TIMES = ("hour", "minute", "second")
NUMBERS: Mapping[str, Sequence[int]] = {
    "year": (2017, 2018, 2019, 2020),
    "iso_year": (2018, 2019, 2020),
    "month": (0, 1, 2, 3, 11, 12),
    "day": (1, 3, 10, 20, 29, 31),
    "week": (1, 9, 10, 44, 51, 52, 53),
    "quarter": (1, 4),
    "hour": (0, 5, 6, 7, 12, 17, 23),
    "minute": (0, 27, 30, 59),
    "second": (0, 30, 59),
}

days = st.sampled_from([date(2018, 12, 20) + timedelta(days=each) for each in (-1, 0, 11, 12, 81, 318, 400)])
times = st.sampled_from([time(0), time(7), time(7, 27, 59), time(17, 27), time(23, 59, 59, 999_999)])
moments = st.builds(datetime.combine, days, times).map(lambda at: at.replace(tzinfo=UTC))


@st.composite
def lookups(draw: st.DrawFn) -> tuple[str, str, str | None, str, list[Any]]:
    """A field, its name with the lookup, the part, the comparison, and the values."""
    field = draw(st.sampled_from(["date", "start_time", "created", "project", "status", "locations"]))
    whole = {
        "date": days,
        "start_time": times,
        "created": moments,
        "status": st.sampled_from("abcde"),
    }.get(field, st.integers(1, 4))
    parts = {"date": OF_DAYS, "start_time": OF_TIMES, "created": (*OF_DAYS, *OF_TIMES, "date", "time")}.get(field, ())
    part = draw(st.sampled_from((None, *parts)))
    comparison = draw(st.sampled_from(sorted(PASSES)))
    numbers = st.sampled_from(NUMBERS.get(part or "", range(1, 8)))
    values: st.SearchStrategy[Any] = {"date": days, "time": times}.get(part or "", numbers)
    count = {"in": 3, "range": 2}.get(comparison, 1)
    asked = draw(st.lists(values if part else whole, min_size=count, max_size=count))
    name = "__".join(each for each in (field, part, None if comparison == "exact" else comparison) if each)
    return field, name, part, comparison, asked


def said(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def passes(value: Any, part: str | None, comparison: str, asked: list[Any]) -> bool:
    return value is not None and PASSES[comparison](PARTS[part](value) if part else value, asked)


def picked(tasks: list[Made], chosen: list[tuple[str, str, str | None, str, list[Any]]], zone: ZoneInfo) -> list[int]:
    """The naive reading: one occurrence, and one location, must pass all that is asked of them."""

    def holds(task: Made) -> bool:
        created = (datetime(1970, 1, 1, tzinfo=UTC) + task.created * US).astimezone(zone)
        one: dict[str, list[Mapping[str, Any]]] = {
            "task": [{"created": created, "project": task.project, "status": task.status}],
            "occurrence": [dict(zip(OCCURRENCE, each, strict=True)) for each in task.occurrences],
            "location": [{"locations": each} for each in task.locations],
        }
        for rows in one.values():
            names = {"task": ("created", "project", "status"), "occurrence": OCCURRENCE, "location": ("locations",)}
            of = next(fields for kind, fields in names.items() if one[kind] is rows)
            tests = [each for each in chosen if each[0] in of]
            if tests and not any(
                all(passes(row[field], part, comparison, asked) for field, _, part, comparison, asked in tests)
                for row in rows
            ):
                return False
        return True

    return [task.id for task in tasks if holds(task)]


def found(store: Store, chosen: list[tuple[str, str, str | None, str, list[Any]]], zone: ZoneInfo) -> Found:
    asked = tuple(
        condition
        for _, name, _, _, values in chosen
        for condition in conditions(FILTERS, name, [",".join(map(said, values))], Terms(zone, zone.key))
    )
    query = Query(asked, order=(Order("id"),), limit=TASKS)
    with store.read() as tx:
        remembered = tx.find("tasks", query, account_id=ROOT)
    with store.write() as tx:
        assert tx.find("tasks", query, account_id=ROOT) == remembered, "nobody remembers who may write"
    return remembered


WAYS = ((1000, 0, 0), (0, 1000, 0), (0, 0, 1000), (0, 0, 0))
"""Gathered, looked for among the first, walked past a set or standing in order, walked with looks."""


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(lookups(), min_size=1, max_size=3),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    way=st.sampled_from(WAYS),
)
def test_lists_are_what_a_naive_reading_picks(
    store: Store,
    tasks: list[Made],
    chosen: list[tuple[str, str, str | None, str, list[Any]]],
    zone: ZoneInfo,
    way: tuple[int, int, int],
) -> None:
    """Whichever way to the page is taken."""
    expected = picked(tasks, chosen, zone)
    with pytest.MonkeyPatch.context() as patch:
        few, ahead, many = way
        patch.setattr(filling, "MANY", many)
        for module in (finding, standing):
            patch.setattr(module, "FEW", few)
            patch.setattr(module, "AHEAD", ahead)
        assert found(store, chosen, zone) == Found(tuple(expected), len(expected))


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("project", lambda task: task.project is None),
        ("locations", lambda task: not task.locations),
        ("date", lambda task: not task.occurrences),
        ("start_time", lambda task: not task.occurrences),
        ("created", lambda task: False),
        ("created__month", lambda task: False),
    ],
)
def test_isnull_tells_what_has_none(store: Store, tasks: list[Made], name: str, holds: Callable[[Made], bool]) -> None:
    for asked, expected in (("true", True), ("0", False)):
        condition = conditions(FILTERS, f"{name}__isnull", [asked], Terms(UTC, "UTC"))
        with store.read() as tx:
            of = tx.find("tasks", Query(condition, order=(Order("id"),), limit=TASKS), account_id=ROOT)
        assert list(of.ids) == [task.id for task in tasks if holds(task) is expected]


@pytest.mark.parametrize("descending", [False, True])
def test_what_is_not_there_is_least_and_the_id_breaks_ties(store: Store, tasks: list[Made], descending: bool) -> None:
    order = (Order("project", descending), Order("status", not descending))
    with store.read() as tx:
        of = tx.find("tasks", Query(order=order, limit=TASKS), account_id=ROOT)
    by_status = sorted(tasks, key=lambda task: task.status, reverse=not descending)
    expected = sorted(by_status, key=lambda task: task.project or 0, reverse=descending)
    assert list(of.ids) == [task.id for task in expected]


def test_a_list_takes_few_statements_whatever_is_asked(store: Store, tasks: list[Made], statements: list[str]) -> None:
    statements.clear()
    chosen: list[Any] = [
        ("date", "date__gte", None, "gte", [date(2018, 1, 1)]),
        ("locations", "locations", None, "exact", [1]),
    ]
    found(store, chosen, ZoneInfo("UTC"))
    # What was found before still holds, or not; the ids of all that fit; the page. The search needs no more.
    assert len(statements) <= 6
