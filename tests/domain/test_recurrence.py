"""Bounds and occurrences of timing rules: what the contract of the field says, and that nothing is lost or endless."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.recurrence import (
    OCCURRENCES_LIMIT,
    Changes,
    Expansion,
    Hours,
    Occurrence,
    Schedule,
    bounds,
    changes,
    expand,
    read_rule,
)
from rota.domain.rules import Rule, RuleFault
from rota.domain.walks import ALLOWANCE, Allowance
from rota.domain.walltime import END_OF_DAY, LAST, opening_at, reading
from timing import DAY, SECOND, calls, instant, instant_of, naive, zones

NAIROBI = ZoneInfo("Africa/Nairobi")
NEW_YORK = ZoneInfo("America/New_York")
NOW = instant("2026-05-04T09:30:00.123456Z")
YEAR = 400 * DAY
FOR_EVER = opening_at(LAST, UTC)


def read(text: str, start: int = NOW) -> Rule:
    return read_rule(text, UTC, start)


def occurrences(text: str, since: int | None = None, until: int = FOR_EVER, **hours: time) -> list[Occurrence]:
    rule = read(text)
    start, end = bounds(rule)
    expansion = expand(
        [Schedule(rule, hours=Hours(**hours))], start if since is None else since, min(until, end or until)
    )
    assert not expansion.cut
    return list(expansion.occurrences)


def test_the_example_of_a_task_that_is_listed() -> None:
    start, end = instant("2018-06-28T11:36:49+03:00"), instant("2018-07-15T11:36:50+03:00")
    rule = read_rule("FREQ=DAILY;INTERVAL=1", NAIROBI, start)
    assert bounds(rule, start, end) == (start, end)
    found = expand([Schedule(rule)], start, end).occurrences
    assert [each.date for each in found] == [date(2018, 6, 28) + timedelta(days=n) for n in range(18)]
    assert {(each.start_time, each.end_time) for each in found} == {(time(11, 36, 49), END_OF_DAY)}
    assert found[0].time_string == "28th June 2018, 11:36 a.m. to 11:59 p.m."
    assert found[0].starts_at == start
    assert found[0].ends_at == instant("2018-06-28T23:59:59.999999+03:00")
    assert found[-1].starts_at == end - SECOND


def test_the_example_of_a_task_that_is_created() -> None:
    start, end = instant("2018-06-12T17:48:34+03:00"), instant("2018-12-12T17:48:34+03:00")
    rule = read("RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50", start)
    assert bounds(rule) == (start, instant("2019-10-15T23:59:59.999999Z"))
    found = expand([Schedule(rule)], *(start, end)).occurrences
    assert len(found) == 19
    assert {each.start_time for each in found} == {time(14, 48, 34)}
    assert [later.date - each.date for each, later in pairwise(found)] == [timedelta(days=10)] * 18


def test_a_rule_that_begins_now_begins_with_the_task() -> None:
    rule = read("FREQ=DAILY;COUNT=5")
    assert bounds(rule) == (instant("2026-05-04T09:30Z"), instant("2026-05-08T23:59:59.999999Z"))
    for since in (NOW, bounds(rule)[0]):
        assert len(expand([Schedule(rule)], since, FOR_EVER).occurrences) == 5


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("DTSTART:20180501T070000Z RRULE:FREQ=DAILY", "2018-05-01T07:00Z", None),
        ("DTSTART:20180501T070000Z RRULE:FREQ=DAILY;UNTIL=20180521T210000Z", "2018-05-01T07:00Z", "2018-05-21T21:00Z"),
        (
            "DTSTART:20180501T070000Z RRULE:FREQ=DAILY;COUNT=500;UNTIL=20280521T210000Z",
            "2018-05-01T07:00Z",
            "2028-05-21T21:00Z",
        ),
        (
            "DTSTART;TZID=America/New_York:20260301T200000 RRULE:FREQ=WEEKLY;COUNT=3",
            "2026-03-01T20:00-05:00",
            "2026-03-15T23:59:59.999999-04:00",
        ),
        (
            "DTSTART:20180501T070000Z RRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=DAILY;UNTIL=20180510T070000Z",
            "2018-05-01T07:00Z",
            "2018-05-10T07:00Z",
        ),
        ("DTSTART:20180501T070000Z RRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=DAILY", "2018-05-01T07:00Z", None),
        (
            "DTSTART:20180501T070000Z RRULE:FREQ=DAILY;COUNT=2 RDATE:20180601T120000Z",
            "2018-05-01T07:00Z",
            "2018-06-01T23:59:59.999999Z",
        ),
        ("RDATE:20270601T120000", "2026-05-04T09:30Z", "2027-06-01T23:59:59.999999Z"),
        ("DTSTART:20180501T070000Z RRULE:FREQ=DAILY;COUNT=1000000000000", "2018-05-01T07:00Z", None),
        ("DTSTART:20180501T070000Z RRULE:FREQ=YEARLY;COUNT=1000000000", "2018-05-01T07:00Z", None),
        (
            "DTSTART:20180501T070000Z RRULE:FREQ=SECONDLY;COUNT=31536001",
            "2018-05-01T07:00Z",
            "2019-05-01T23:59:59.999999Z",
        ),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", "2026-05-04T09:30Z", "2020-01-01T00:00Z"),
    ],
)
def test_bounds_are_the_rules_unless_they_are_given(text: str, start: str, end: str | None) -> None:
    rule = read(text)
    assert bounds(rule) == (instant(start), end and instant(end))
    assert bounds(rule, start=5) == (5, end and instant(end))
    assert bounds(rule, end=7) == (instant(start), 7)
    assert bounds(rule, 5, 7) == (5, 7)


def test_the_last_occurrence_of_an_until_rule_ends_with_until() -> None:
    text = "DTSTART:20180501T070000Z RRULE:FREQ=YEARLY;BYDAY=SU;BYSETPOS=1;BYMONTH=1;UNTIL=20480521T210000Z"
    found = occurrences(text)
    assert len(found) == 30
    assert [each.end_time for each in found] == [END_OF_DAY] * 29 + [time(21)]
    assert {each.start_time for each in found} == {time(7)}


@pytest.mark.parametrize("until", ["2018-05-07T23:00Z", "2018-05-08T01:00Z", "2018-05-12T00:00Z", "2030-01-01T00:00Z"])
def test_which_occurrence_is_the_last_does_not_depend_on_how_far_they_are_asked_for(until: str) -> None:
    text = "DTSTART:20180501T090000Z RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20180512T170000Z"
    found = occurrences(text, until=instant(until))
    ends = {each.date: each.end_time for each in found}
    full = {date(2018, 5, 1): END_OF_DAY, date(2018, 5, 7): END_OF_DAY, date(2018, 5, 8): time(17)}
    assert ends == {day: end for day, end in full.items() if day in ends}
    assert len(ends) == (2 if until < "2018-05-08T09" else 3)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("RRULE:FREQ=DAILY;UNTIL=20180505T090000Z", END_OF_DAY),
        ("RRULE:FREQ=DAILY;UNTIL=20180506T080000Z", END_OF_DAY),
        ("RRULE:FREQ=DAILY;UNTIL=20180505", END_OF_DAY),
        ("RRULE:FREQ=DAILY;COUNT=5", END_OF_DAY),
        ("RRULE:FREQ=DAILY;COUNT=5;UNTIL=20180601T170000Z", time(17)),
        ("RRULE:FREQ=DAILY;UNTIL=20180503T170000Z RRULE:FREQ=DAILY;UNTIL=20180505T180000Z", time(18)),
        ("RRULE:FREQ=DAILY;UNTIL=20180503T170000Z RRULE:FREQ=DAILY;COUNT=5", END_OF_DAY),
        ("RRULE:FREQ=DAILY;UNTIL=20180504T170000Z RDATE:20180505T090000", END_OF_DAY),
        ("RRULE:FREQ=DAILY;UNTIL=20180506T170000Z EXDATE:20180506", time(17)),
        ("RRULE:FREQ=DAILY;UNTIL=20180506T170000Z EXRULE:FREQ=WEEKLY;BYDAY=SU", time(17)),
    ],
)
def test_the_last_day_is_never_lost_for_an_until_that_leaves_it_no_time(text: str, end: time) -> None:
    found = occurrences(f"DTSTART:20180501T090000Z {text}")
    assert [each.date.day for each in found] == [1, 2, 3, 4, 5]
    assert [each.end_time for each in found] == [END_OF_DAY] * 4 + [end]


def test_a_location_has_its_own_rule_and_hours() -> None:
    task = Schedule(read("DTSTART:20260504T090000Z RRULE:FREQ=DAILY;COUNT=3"))
    shop = Schedule(
        read("DTSTART;TZID=America/New_York:20260504T120000 RRULE:FREQ=DAILY;COUNT=2"),
        location=7,
        hours=Hours(time(8), time(17, 30)),
    )
    found = expand([task, shop], NOW - DAY, NOW + YEAR).occurrences
    assert [(each.location, each.date.day, each.start_time, each.end_time) for each in found] == [
        (None, 4, time(9), END_OF_DAY),
        (7, 4, time(8), time(17, 30)),
        (None, 5, time(9), END_OF_DAY),
        (7, 5, time(8), time(17, 30)),
        (None, 6, time(9), END_OF_DAY),
    ]
    assert found[1].starts_at == instant("2026-05-04T08:00-04:00")
    assert found[1].ends_at == instant("2026-05-04T17:30-04:00")
    assert found[1].time_string == "4th May 2026, 8 a.m. to 5:30 p.m."


def test_hours_may_give_one_end_and_leave_no_time() -> None:
    text = "DTSTART:20180501T090000Z RRULE:FREQ=DAILY;UNTIL=20180502T170000Z"
    assert {(each.start_time, each.end_time) for each in occurrences(text, end=time(12))} == {(time(9), time(12))}
    assert [each.end_time for each in occurrences(text, start=time(0))] == [END_OF_DAY, time(17)]
    assert [each.end_time for each in occurrences(text, start=time(18))] == [END_OF_DAY, END_OF_DAY]
    assert occurrences(text, end=time(9)) == []
    assert occurrences(text, start=time(17), end=time(8)) == []


def test_hours_make_one_occurrence_of_many_times_of_a_day() -> None:
    found = occurrences("DTSTART:20180501T000000Z RRULE:FREQ=HOURLY;COUNT=49", start=time(8), end=time(17))
    assert [each.date.day for each in found] == [1, 2, 3]
    found = occurrences("DTSTART:20180501T000000Z RRULE:FREQ=HOURLY;UNTIL=20180502T170000Z", start=time(8))
    assert [each.end_time for each in found] == [END_OF_DAY, time(17)]


@pytest.mark.parametrize(
    ("text", "walls", "starts"),
    [
        (
            "DTSTART;TZID=America/New_York:20260307T023000 RRULE:FREQ=DAILY;COUNT=3",
            ["07 02:30", "08 02:30", "09 02:30"],
            ["2026-03-07T02:30-05:00", "2026-03-08T03:30-04:00", "2026-03-09T02:30-04:00"],
        ),
        (
            "DTSTART;TZID=America/New_York:20261101T003000 RRULE:FREQ=HOURLY;COUNT=4",
            ["01 00:30", "01 01:30", "01 02:30", "01 03:30"],
            ["2026-11-01T00:30-04:00", "2026-11-01T01:30-04:00", "2026-11-01T02:30-05:00", "2026-11-01T03:30-05:00"],
        ),
        (
            "DTSTART;TZID=America/New_York:20261031T090000 RRULE:FREQ=DAILY;COUNT=2",
            ["31 09:00", "01 09:00"],
            ["2026-10-31T09:00-04:00", "2026-11-01T09:00-05:00"],
        ),
    ],
)
def test_the_clock_on_the_wall_counts_when_it_is_set(text: str, walls: list[str], starts: list[str]) -> None:
    found = occurrences(text)
    assert [f"{each.date:%d} {each.start_time:%H:%M}" for each in found] == walls
    assert [each.starts_at for each in found] == [instant(start) for start in starts]


def test_what_the_clock_jumps_over_may_begin_after_what_follows_it() -> None:
    found = occurrences("DTSTART;TZID=America/New_York:20260308T015000 RRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=5")
    assert [f"{each.start_time:%H:%M}" for each in found] == ["01:50", "02:20", "03:20", "02:50", "03:50"]
    assert [each.starts_at for each in found] == sorted(each.starts_at for each in found)


@pytest.mark.parametrize(
    ("start", "until", "walls"),
    [
        ("20261101T003000", "20261101T061500Z", ["00:30", "01:00", "01:30"]),
        ("20260308T013000", "20260308T071500Z", ["01:30", "02:00", "03:00"]),
    ],
)
def test_until_is_an_instant_when_the_clock_is_set(start: str, until: str, walls: list[str]) -> None:
    rule = read(f"DTSTART;TZID=America/New_York:{start} RRULE:FREQ=MINUTELY;INTERVAL=30;UNTIL={until}")
    found = expand([Schedule(rule)], rule.starts_at, FOR_EVER).occurrences
    assert [f"{each.start_time:%H:%M}" for each in found] == walls


def test_a_stretch_in_the_gap_of_a_clock_moves_as_a_whole() -> None:
    text = "DTSTART;TZID=America/New_York:20260308T000000 RRULE:FREQ=DAILY;COUNT=1"
    (found,) = occurrences(text, start=time(2, 30), end=time(3, 15))
    assert found.starts_at == instant("2026-03-08T03:30-04:00")
    assert found.ends_at - found.starts_at == 45 * 60 * SECOND


def test_a_day_whose_last_hour_comes_twice_lasts_to_its_end() -> None:
    (found,) = occurrences("DTSTART;TZID=Asia/Beirut:20251025T120000 RRULE:FREQ=DAILY;COUNT=1")
    assert found.ends_at == instant("2025-10-25T23:59:59.999999+02:00")


@pytest.mark.parametrize(
    ("start", "end", "spoken"),
    [
        ("2018-05-24T07:00", "14:30", "24th May 2018, 7 a.m. to 2:30 p.m."),
        ("2018-05-22T07:05:59", "23:59:59.999999", "22nd May 2018, 7:05 a.m. to 11:59 p.m."),
        ("2018-01-01T00:00", "12:00", "1st January 2018, midnight to noon"),
        ("2018-12-03T00:30", "12:30", "3rd December 2018, 12:30 a.m. to 12:30 p.m."),
        ("2018-08-11T12:01", "13:00", "11th August 2018, 12:01 p.m. to 1 p.m."),
        ("2018-08-12T01:00", "11:00", "12th August 2018, 1 a.m. to 11 a.m."),
        ("2018-08-13T10:00", "22:10", "13th August 2018, 10 a.m. to 10:10 p.m."),
        ("2018-08-31T10:00", "20:00", "31st August 2018, 10 a.m. to 8 p.m."),
    ],
)
def test_times_are_said_as_people_say_them(start: str, end: str, spoken: str) -> None:
    began = datetime.fromisoformat(start)
    assert Occurrence(began.date(), began.time(), time.fromisoformat(end), 0, 1).time_string == spoken


def test_no_more_than_the_limit_over_all_locations_the_earliest_first() -> None:
    schedules = [Schedule(read("FREQ=DAILY"), location) for location in range(1, 101)]
    found = expand(schedules, NOW, NOW + YEAR, limit=2_000)
    assert found.cut
    assert len(found.occurrences) == 2_000
    assert {each.location for each in found.occurrences[:100]} == set(range(1, 101))
    assert found.occurrences[-1].date == date(2026, 5, 4) + timedelta(days=19)
    some = expand(schedules, NOW, NOW + YEAR, limit=250)
    assert (some.occurrences, some.cut) == (found.occurrences[:250], True)
    assert not expand(schedules, NOW, NOW + 2 * DAY, limit=300).cut
    assert not expand(2 * schedules, NOW, NOW + 2 * DAY, limit=300).cut


@pytest.mark.parametrize(
    ("text", "number", "cut"),
    [
        ("FREQ=SECONDLY", OCCURRENCES_LIMIT, True),
        ("FREQ=SECONDLY;COUNT=1000000000", 500, True),
        ("FREQ=MINUTELY;INTERVAL=7", 500, True),
        ("DTSTART:10000101T000000Z RRULE:FREQ=SECONDLY", 500, True),
        ("FREQ=DAILY", 401, False),
        ("DTSTART:10000101T093000Z RRULE:FREQ=DAILY", 401, False),
        ("FREQ=SECONDLY;BYHOUR=10;BYMINUTE=0;BYSECOND=0", 400, False),
        ("FREQ=YEARLY", 2, False),
        ("FREQ=SECONDLY;UNTIL=20260504T093100Z", 61, False),
        ("FREQ=WEEKLY;INTERVAL=1000000000", 1, False),
    ],
)
def test_no_rule_is_more_than_a_bounded_answer(text: str, number: int, cut: bool) -> None:
    rule = read(text)

    def save() -> Expansion:
        read(text)
        bounds(rule)
        return expand([Schedule(rule)], NOW, NOW + YEAR, limit=max(500, number))

    found = save()
    assert (len(found.occurrences), found.cut) == (number, cut)
    assert calls(save) < 1_000 + 60 * number


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=5",
        "FREQ=DAILY EXRULE:FREQ=DAILY",
        "FREQ=SECONDLY EXRULE:FREQ=SECONDLY",
        "RDATE:20260601T120000 EXDATE:20260601",
        "FREQ=DAILY;COUNT=2 EXDATE:20260504,20260505",
        "DTSTART:20180501T090000 RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20180503T090000",
    ],
)
def test_a_rule_that_never_happens_is_refused(text: str) -> None:
    with pytest.raises(RuleFault, match="never happens"):
        read(text)
    with pytest.raises(RuleFault, match="never happens"):
        read_rule(text, UTC, NOW, Allowance(ALLOWANCE // 100))


def test_a_rule_that_ends_before_it_starts_is_left_to_its_bounds() -> None:
    start, end = bounds(read("FREQ=DAILY;UNTIL=20200101"))
    assert end is not None
    assert end < start


def test_what_the_allowance_does_not_suffice_for_is_said_to_be_missing() -> None:
    found = expand([Schedule(read("FREQ=DAILY"))], NOW, NOW + YEAR, allowance=Allowance(100))
    assert found.cut
    assert 0 < len(found.occurrences) < 100


@settings(max_examples=100, deadline=None)
@given(
    zone=zones,
    text=st.sampled_from(["DAILY", "WEEKLY", "HOURLY;INTERVAL=5", "MONTHLY;BYMONTHDAY=-1", "MINUTELY;INTERVAL=50"]),
    around=st.sampled_from(["2011-12-29", "2026-03-08", "2026-03-29", "2026-11-01", "2026-04-05", "2025-10-26"]),
    clock=st.times().map(lambda at: at.replace(microsecond=0)),
    before=st.integers(0, 100),
    since=st.integers(-40, 60),
    hours=st.integers(0, 200),
)
def test_occurrences_are_what_dateutil_names_between_two_instants(
    zone: ZoneInfo, text: str, around: str, clock: time, before: int, since: int, hours: int
) -> None:
    start = datetime.combine(date.fromisoformat(around) - timedelta(days=before), clock)
    rule = read_rule(f"FREQ={text}", zone, opening_at(start, zone))
    first = opening_at(datetime.fromisoformat(around), zone) + since * 3_600 * SECOND
    last = first + hours * 3_600 * SECOND
    walls = naive(rule.text, rule.start, reading(last, zone) + timedelta(days=2))
    found = expand([Schedule(rule)], first, last, allowance=Allowance(10**9)).occurrences
    wanted = [wall for wall in walls if first <= instant_of(wall, zone) <= last]
    assert sorted((each.date, each.start_time) for each in found) == [(wall.date(), wall.time()) for wall in wanted]
    assert {each.starts_at for each in found} == {instant_of(wall, zone) for wall in wanted}
    assert all(each.starts_at < each.ends_at for each in found)
    assert [each.starts_at for each in found] == sorted(each.starts_at for each in found)


SETS = [
    "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY;BYDAY=MO,SA;BYHOUR=9,18\nEXRULE:FREQ=WEEKLY;BYDAY=SU",
    "RRULE:FREQ=HOURLY;INTERVAL=5;COUNT=60\nEXRULE:FREQ=DAILY;INTERVAL=2\nRDATE:20260320T101500",
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=0,12\nRDATE:20260310T010000,20260401T020000\nEXDATE:20260327T120000",
    "RRULE:FREQ=DAILY;COUNT=40\nEXRULE:FREQ=DAILY;INTERVAL=3;COUNT=5\nEXDATE:20260305T093000,20260306T093000",
]


@settings(max_examples=60, deadline=None)
@given(text=st.sampled_from(SETS), since=st.integers(-10, 80), days=st.integers(0, 60))
def test_sets_are_what_dateutil_makes_of_them(text: str, since: int, days: int) -> None:
    start = datetime(2026, 3, 1, 9, 30)
    rule = read_rule(text, UTC, opening_at(start, UTC))
    first = rule.starts_at + since * DAY
    walls = naive(text, start, reading(first + days * DAY, UTC))
    found = expand([Schedule(rule)], first, first + days * DAY).occurrences
    assert [datetime.combine(each.date, each.start_time) for each in found] == [
        wall for wall in walls if wall >= reading(first, UTC)
    ]


TEXTS = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=HOURLY;INTERVAL=7",
        "FREQ=WEEKLY;BYDAY=MO,FR",
        "FREQ=DAILY;COUNT=9",
        "FREQ=DAILY;UNTIL=20260512T170000Z",
        "DTSTART;TZID=America/New_York:20260101T090000 RRULE:FREQ=DAILY;UNTIL=20260520T170000Z",
    ]
)
PLANS = st.lists(
    st.builds(
        lambda text, location, end: Schedule(read(text), location, Hours(end=end)),
        TEXTS,
        st.none() | st.integers(1, 3),
        st.none() | st.sampled_from([time(17), time(20)]),
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(before=PLANS, after=PLANS, days=st.integers(1, 30), pins=st.sets(st.integers(0, 20)))
def test_saving_twice_changes_nothing_and_what_is_pinned_stays(
    before: list[Schedule], after: list[Schedule], days: int, pins: set[int]
) -> None:
    stored = expand(before, NOW, NOW + 15 * DAY).occurrences
    wanted = expand(after, NOW, NOW + days * DAY).occurrences
    assert len({each.key for each in wanted}) == len(wanted)
    pinned = {each.key for n, each in enumerate(stored) if n in pins}
    todo = changes(stored, wanted, pinned)
    kept = {each.key: each for each in stored if each not in todo.remove}
    saved = {**kept, **{each.key: each for each in (*todo.amend, *todo.add)}}
    assert saved.keys() == {each.key for each in wanted} | pinned
    assert all(saved[each.key] == each for each in wanted)
    assert changes(saved.values(), wanted, pinned) == Changes()
    assert changes(saved.values(), expand(after, NOW, NOW + days * DAY).occurrences, pinned) == Changes()


def test_changes_tell_new_ends_from_new_occurrences() -> None:
    def on(day: int, end: int) -> Occurrence:
        return Occurrence(date(2026, 5, day), time(9), time(end), day * 10, day * 10 + end)

    todo = changes([on(1, 17), on(2, 17), on(3, 17), on(4, 17)], [on(2, 17), on(3, 18), on(5, 17)], {on(4, 17).key})
    assert todo == Changes(add=(on(5, 17),), amend=(on(3, 18),), remove=(on(1, 17),))
