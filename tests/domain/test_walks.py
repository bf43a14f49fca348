"""Walks of a recurrence name what dateutil names when it goes all the way, and never go further than they may."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from rota.domain.rules import parse_rule
from rota.domain.walks import Allowance, Exhausted, Frequency, Recurrence, last_counted, walk
from timing import calls, instant, naive

START = datetime(2018, 1, 31, 9, 30)
SPANS = {
    Frequency.YEARLY: timedelta(days=300),
    Frequency.MONTHLY: timedelta(days=100),
    Frequency.WEEKLY: timedelta(days=30),
    Frequency.DAILY: timedelta(days=10),
    Frequency.HOURLY: timedelta(days=1),
    Frequency.MINUTELY: timedelta(hours=2),
    Frequency.SECONDLY: timedelta(minutes=2),
}
"""What dateutil walks through in a millisecond or less."""

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PARTS = {
    "BYMONTH": range(1, 13),
    "BYMONTHDAY": (*range(1, 32), -31, -30, -29, -2, -1),
    "BYYEARDAY": (*range(1, 367, 5), 366, -1, -366),
    "BYWEEKNO": (*range(1, 54, 3), 53, -1, -53),
    "BYEASTER": range(-50, 50, 7),
    "BYHOUR": range(24),
    "BYMINUTE": range(60),
    "BYSECOND": range(60),
    "BYSETPOS": (1, 2, 3, 4, -1, -2),
    "BYDAY": DAYS,
    "BYDAY of a month": [f"{nth:+}{day}" for nth in (1, 2, 4, 5, -1, -3, -5) for day in DAYS],
    "BYSETPOS of few": (1, -1),
}
FITTING = {
    Frequency.YEARLY: [name for name in PARTS if name != "BYSETPOS of few"],
    Frequency.MONTHLY: ["BYMONTH", "BYMONTHDAY", "BYDAY", "BYDAY of a month", "BYSETPOS", "BYHOUR", "BYYEARDAY"],
    Frequency.WEEKLY: ["BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "BYHOUR", "BYWEEKNO", "BYYEARDAY"],
    Frequency.DAILY: ["BYMONTH", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS of few", "BYWEEKNO"],
    Frequency.HOURLY: ["BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS of few"],
    Frequency.MINUTELY: ["BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS of few"],
    Frequency.SECONDLY: ["BYDAY", "BYMINUTE", "BYSECOND", "BYSETPOS of few"],
}
"""Most combinations of other parts never happen, and dateutil is long in finding that out."""


starts = st.datetimes(datetime(2018, 1, 1), datetime(2024, 12, 31)).map(lambda at: at.replace(microsecond=0))


def recurrence(text: str, start: datetime = START) -> Recurrence:
    return parse_rule(text, UTC, instant(start.isoformat())).recurrences[0]


def walked(text: str, start: datetime, since: datetime, last: datetime, allowance: Allowance) -> list[datetime]:
    return [each for each in walk(recurrence(text, start), start, UTC, since, last, allowance) if each >= since]


@st.composite
def texts(draw: st.DrawFn, frequency: Frequency) -> str:
    parts = {"FREQ": frequency.name}
    if frequency is not Frequency.YEARLY:
        parts["INTERVAL"] = str(draw(st.sampled_from([1, 1, 2, 3, 4, 5, 6, 7, 10, 12, 14, 24, 30, 45, 48, 60, 90])))
    for name in draw(st.lists(st.sampled_from(FITTING[frequency]), max_size=3, unique=True)):
        values = draw(st.lists(st.sampled_from(PARTS[name]), min_size=1, max_size=12, unique=True))
        parts[name.split()[0]] = ",".join(map(str, values))
    parts["WKST"] = draw(st.sampled_from(DAYS))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(1, 60)))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@pytest.mark.parametrize("frequency", Frequency)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), start=starts, away=st.integers(-5, 30), length=st.integers(0, 15))
def test_a_walk_from_the_middle_names_what_one_from_the_start_does(
    frequency: Frequency, data: st.DataObject, start: datetime, away: int, length: int
) -> None:
    text = data.draw(texts(frequency))
    since = start + away * SPANS[frequency]
    last = since + length * SPANS[frequency]
    named = [each for each in naive(text, start, last) if each >= since]
    event(f"{bool(named)}")
    assert walked(text, start, since, last, Allowance(10**9)) == named


@settings(max_examples=80, deadline=None)
@given(
    frequency=st.sampled_from(Frequency),
    interval=st.integers(1, 100),
    days=st.lists(st.sampled_from(DAYS), max_size=4, unique=True),
    count=st.integers(1, 300),
    start=starts,
)
def test_the_last_counted_is_the_last_that_is_named(
    frequency: Frequency, interval: int, days: list[str], count: int, start: datetime
) -> None:
    text = f"FREQ={frequency.name};INTERVAL={1 if frequency is Frequency.YEARLY else interval};COUNT={count}"
    text += f";BYDAY={','.join(days)}" if days else ""
    named = naive(text, start, datetime(9000, 1, 1))
    last = last_counted(recurrence(text, start), start, UTC, Allowance(10**9))
    assert last == (named[-1] if len(named) == count else None)


NEVER = [
    *(f"FREQ={frequency.name};BYMONTH=2;BYMONTHDAY=30" for frequency in Frequency),
    *(f"FREQ={frequency.name};INTERVAL=7;BYYEARDAY=1;BYMONTH=7" for frequency in Frequency),
    "FREQ=DAILY;BYSETPOS=2",
    "FREQ=MINUTELY;BYSETPOS=2",
    "FREQ=SECONDLY;INTERVAL=7;BYHOUR=3;BYMINUTE=0;BYSECOND=0;BYMONTH=6;BYMONTHDAY=31",
    f"FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31;BYSETPOS={','.join(map(str, range(1, 101)))}",
]


@pytest.mark.parametrize("text", NEVER)
def test_what_never_happens_is_sought_only_for_the_allowance(text: str) -> None:
    found = recurrence(text)
    far = datetime(9000, 1, 1)

    def seek() -> None:
        with pytest.raises(Exhausted):
            list(walk(found, START, UTC, START, far, Allowance(5_000)))

    # A step of days takes some 4 calls and 4 units.
    assert calls(seek) < 15_000


@pytest.mark.parametrize("frequency", list(Frequency)[: Frequency.HOURLY])
def test_what_never_happens_is_not_sought_beyond_the_last_time_that_is_asked_for(frequency: Frequency) -> None:
    found, last = recurrence(f"FREQ={frequency.name};BYMONTH=2;BYMONTHDAY=30"), START + timedelta(days=400)
    assert calls(lambda: list(walk(found, START, UTC, START, last, Allowance(2_000)))) < 4_000
    assert list(walk(found, START, UTC, START, last, Allowance(2_000))) == []


FAR = [
    ("FREQ=DAILY", 31),
    ("FREQ=DAILY;INTERVAL=3;COUNT=500000", 11),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR", 6),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=1000000", 21),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 1),
    ("FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=-1", 1),
    ("FREQ=HOURLY;INTERVAL=12;COUNT=10000000", 62),
    ("FREQ=MINUTELY;INTERVAL=720;BYDAY=MO", 8),
    ("FREQ=SECONDLY;BYHOUR=3;BYMINUTE=0;BYSECOND=0", 31),
    ("FREQ=SECONDLY;INTERVAL=864000;COUNT=100000", 3),
]


@pytest.mark.parametrize(("text", "number"), FAR)
def test_a_walk_begins_near_the_times_that_are_asked_for(text: str, number: int) -> None:
    start, since, last = datetime(1000, 1, 1, 3), datetime(2026, 5, 1), datetime(2026, 5, 31, 23, 59, 59)
    found = recurrence(text, start)
    named = [each for each in walk(found, start, UTC, since, last, Allowance(1_000)) if each >= since]
    assert len(named) == number
    assert calls(lambda: list(walk(found, start, UTC, since, last, Allowance(1_000)))) < 3_000


@pytest.mark.parametrize("frequency", Frequency)
def test_a_huge_interval_is_little_work(frequency: Frequency) -> None:
    found = recurrence(f"FREQ={frequency.name};INTERVAL=1000000000")
    assert next(walk(found, START, UTC, START, datetime(9998, 1, 1), Allowance(100))) == START
    assert calls(lambda: list(walk(found, START, UTC, START, datetime(9998, 1, 1), Allowance(5_000)))) < 500_000
    assert calls(lambda: list(walk(found, START, UTC, START, datetime(2030, 1, 1), Allowance(100)))) < 200


@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU;INTERVAL=5", "FREQ=MONTHLY;INTERVAL=12"])
@pytest.mark.parametrize("count", [10**7, 10**12])
def test_a_count_that_ends_after_the_calendar_has_no_last(text: str, count: int) -> None:
    assert last_counted(recurrence(f"{text};COUNT={count}"), START, UTC, Allowance()) is None


def test_a_count_that_costs_too_much_to_reach_is_not_reached() -> None:
    with pytest.raises(Exhausted):
        last_counted(recurrence("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=1000000"), START, UTC, Allowance())


def test_a_walk_of_weeks_does_not_take_the_place_of_one_of_days_where_dateutil_counts_weeks_otherwise() -> None:
    text, last = "FREQ=DAILY;BYWEEKNO=-53", datetime(2028, 1, 1)
    assert walked(text, START, START, last, Allowance()) == naive(text, START, last)


def test_every_time_that_is_named_is_paid_for() -> None:
    allowance = Allowance(1_000)
    with pytest.raises(Exhausted):
        list(walk(recurrence("FREQ=SECONDLY"), START, UTC, START, datetime(2019, 1, 1), allowance))
    assert allowance.left < 0
    with pytest.raises(Exhausted):
        next(walk(recurrence("FREQ=YEARLY"), START, UTC, START, datetime(2019, 1, 1), Allowance(50)))
