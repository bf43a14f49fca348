"""What the text of a timing rule says, and what is told of one that cannot be read."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.rules import RULES_LIMIT, TEXT_LIMIT, Rule, RuleFault, parse_rule
from rota.domain.walks import Frequency, Recurrence
from timing import instant

NAIROBI = ZoneInfo("Africa/Nairobi")
START = instant("2018-06-12T17:48:34.5+03:00")


def parse(text: str) -> Rule:
    return parse_rule(text, NAIROBI, START)


def only(text: str) -> Recurrence:
    (recurrence,) = parse(text).recurrences
    return recurrence


def fault(text: str) -> str:
    with pytest.raises(RuleFault) as refused:
        parse(text)
    return str(refused.value)


def test_a_rule_without_dtstart_begins_with_its_task_to_the_second_in_the_default_zone() -> None:
    rule = parse("RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50")
    assert rule.start == datetime(2018, 6, 12, 17, 48, 34)
    assert rule.zone is NAIROBI
    assert rule.starts_at == START - 500_000
    assert (only(rule.text).interval, only(rule.text).count, only(rule.text).until) == (10, 50, None)


@pytest.mark.parametrize(
    ("line", "start", "zone"),
    [
        ("DTSTART:20180501T070000", "2018-05-01T07:00+03:00", NAIROBI),
        ("DTSTART:20180501T070000Z", "2018-05-01T07:00Z", UTC),
        ("DTSTART;TZID=Europe/Berlin:20180501T070000", "2018-05-01T07:00+02:00", ZoneInfo("Europe/Berlin")),
        ('DTSTART;TZID="Europe/Berlin":20180501T070000', "2018-05-01T07:00+02:00", ZoneInfo("Europe/Berlin")),
        ("dtstart;tzid=Europe/Berlin:20180501t070000", "2018-05-01T07:00+02:00", ZoneInfo("Europe/Berlin")),
        ("DTSTART;VALUE=DATE-TIME;TZID=UTC:20180501T070000", "2018-05-01T07:00Z", ZoneInfo("UTC")),
        ("DTSTART;VALUE=DATE:20180501", "2018-05-01T00:00+03:00", NAIROBI),
        ("DTSTART:2018-05-01T07:00:00-05:00", "2018-05-01T07:00-05:00", timezone(timedelta(hours=-5))),
    ],
)
def test_dtstart_gives_the_start_and_the_zone(line: str, start: str, zone: object) -> None:
    for text in (f"{line}\nRRULE:FREQ=DAILY", f"FREQ=DAILY {line}", f"{line}\r\nRRULE;X-NOTE=1:FREQ=DAILY\r\n"):
        rule = parse(text)
        assert rule.starts_at == instant(start)
        assert rule.zone == zone
        assert rule.text == text


def test_the_default_zone_gives_the_time_of_day() -> None:
    assert parse_rule("FREQ=DAILY", UTC, START).start == datetime(2018, 6, 12, 14, 48, 34)


@pytest.mark.parametrize("start", ["20180501T090000", "20180501T060000Z"])
@pytest.mark.parametrize(
    ("until", "at"),
    [
        ("20181231T210000Z", "2018-12-31T21:00Z"),
        ("20181231T210000", "2018-12-31T21:00+03:00"),
        ("20181231", "2018-12-31T23:59:59.999999+03:00"),
        ("2018-12-31T21:00:00+01:00", "2018-12-31T21:00+01:00"),
        ("99991231T235959Z", None),
        ("99991231", None),
    ],
)
def test_until_needs_no_zone_and_no_time(start: str, until: str, at: str | None) -> None:
    text = f"DTSTART;TZID=Africa/Nairobi:{start} RRULE:FREQ=DAILY;UNTIL={until}"
    rule = parse(text if not start.endswith("Z") else text.replace(";TZID=Africa/Nairobi", ""))
    if start.endswith("Z") and at is not None and not until.endswith(("Z", "+01:00")):
        at = at.replace("+03:00", "+00:00")
    assert rule.recurrences[0].until == (at and instant(at))


def test_a_set_has_several_rules_exceptions_and_dates() -> None:
    rule = parse(
        "DTSTART;TZID=Africa/Nairobi:20180501T090000\n"
        "RRULE:FREQ=DAILY\nRRULE:FREQ=HOURLY;INTERVAL=7\nEXRULE:FREQ=WEEKLY;BYDAY=SU\n"
        "RDATE:20180502T120000,20180501T120000\nRDATE;TZID=UTC:20180601T120000\nRDATE;VALUE=DATE:20180701\n"
        "EXDATE:20180503T060000Z,20180504T090000\nEXDATE;VALUE=DATE:20180505\nEXDATE:20180506"
    )
    assert [each.frequency for each in rule.recurrences] == [Frequency.WEEKLY, Frequency.HOURLY]
    assert [each.frequency for each in rule.exceptions] == [Frequency.WEEKLY]
    assert rule.dates == (
        datetime(2018, 5, 1, 12),
        datetime(2018, 5, 2, 12),
        datetime(2018, 6, 1, 15),
        datetime(2018, 7, 1, 9),
    )
    assert rule.times_left_out == {datetime(2018, 5, 3, 9), datetime(2018, 5, 4, 9)}
    assert rule.days_left_out == {date(2018, 5, 5), date(2018, 5, 6)}


@pytest.mark.parametrize(
    "text",
    [
        "DTSTART:20180501T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;\n COUNT=5",
        "DTSTART:20180501T090000\r\nRRULE:FREQ=WEEKLY;BYD\r\n AY=MO,TU;COUNT=5",
        "DTSTART:20180501T0900\n 00\n  RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=5",
        "DTSTART:20180501T090000\n FREQ=WEEKLY;BYDAY=MO,TU;COUNT=5",
        "  RRULE:FREQ=WEEKLY;BYWEEKDAY=TU,MO,TU;COUNT=+5\n\n\tDTSTART:20180501T090000  ",
        "freq=weekly;byday=mo,tu;count=5;wkst=mo;interval=1 dtstart:20180501t090000",
    ],
)
def test_case_order_white_space_and_folds_say_nothing(text: str) -> None:
    plain = parse("DTSTART:20180501T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=5")
    assert parse(text).recurrences == plain.recurrences
    assert parse(text).start == plain.start


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("FREQ=MONTHLY;BYDAY=MO,1FR", ["MO(+1)", "MO(+2)", "MO(+3)", "MO(+4)", "MO(+5)", "FR(+1)"]),
        ("FREQ=MONTHLY;BYDAY=FR(-1),-1FR,+2MO", ["MO(+2)", "FR(-1)"]),
        ("FREQ=WEEKLY;BYDAY=2MO,FR", ["0", "4"]),
        ("FREQ=YEARLY;BYDAY=53SU,-53SU", ["SU(-53)", "SU(+53)"]),
    ],
)
def test_days_may_be_counted_in_months_and_years(text: str, days: list[str]) -> None:
    assert list(map(str, only(text).parts["byweekday"])) == days


FAULTS = [
    ("", "is empty"),
    (" \n\t", "is empty"),
    ("\n " * 30_000, "is empty"),
    ("FREQ=DAILY;" * (TEXT_LIMIT // 10), "is longer than"),
    ("FREQ=DAILY\0", "control characters"),
    ("RRULE;X-A=\x1b:FREQ=DAILY", "control characters"),
    ("FREQ=DAILY\ud800", "control characters"),
    ("every day", "not understood: EVERY"),
    ("FREQ=DAILY;", "not understood: "),
    ("FREQ=DAILY;FOO=1", "not understood: FOO=1"),
    ("FREQ=DAILY;COUNT", "not understood: COUNT"),
    ("FREQ=DAILY;BYDAY=", "not understood: BYDAY="),
    ("FREQ=FORTNIGHTLY", "FREQ=FORTNIGHTLY, which is none of YEARLY, MONTHLY"),
    ("INTERVAL=2", "without FREQ: INTERVAL=2"),
    ("RRULE:", "not understood"),
    ("FREQ=DAILY;FREQ=WEEKLY", "gives FREQ twice"),
    ("FREQ=DAILY;BYDAY=MO;BYWEEKDAY=TU", "gives BYDAY twice"),
    ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0, which is no number from 1"),
    ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
    ("FREQ=DAILY;INTERVAL=" + "9" * 5_000, "INTERVAL=999"),
    ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL=1.5"),
    ("FREQ=DAILY;COUNT=0", "COUNT=0"),
    ("FREQ=DAILY;COUNT=-3", "COUNT=-3"),
    ("FREQ=DAILY;COUNT=٣", "COUNT=٣"),
    ("FREQ=DAILY;COUNT=1_0", "COUNT=1_0"),
    ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24, which is no number from 0 to 23"),
    ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE=60"),
    ("FREQ=DAILY;BYSECOND=60", "BYSECOND=60"),
    ("FREQ=DAILY;BYMONTH=13", "BYMONTH=13"),
    ("FREQ=DAILY;BYMONTH=0", "BYMONTH=0"),
    ("FREQ=DAILY;BYMONTHDAY=0", "BYMONTHDAY=0"),
    ("FREQ=DAILY;BYMONTHDAY=32", "BYMONTHDAY=32"),
    ("FREQ=YEARLY;BYYEARDAY=-367", "BYYEARDAY=-367"),
    ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO=54"),
    ("FREQ=YEARLY;BYEASTER=300", "BYEASTER=300"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS=0"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS=367"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=" + ",".join(map(str, range(1, 102))), "more than 100 numbers in BYSETPOS"),
    ("FREQ=WEEKLY;BYDAY=XX", "no day like MO, 1MO or -1MO: XX"),
    ("FREQ=MONTHLY;BYDAY=0MO", "no day like MO"),
    ("FREQ=MONTHLY;BYDAY=1MO(1)", "no day like MO"),
    ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY=6MO, which counts further than 5"),
    ("FREQ=YEARLY;BYDAY=54MO", "which counts further than 53"),
    ("FREQ=YEARLY;BYMONTH=12;BYDAY=53MO", "which counts further than 5"),
    ("FREQ=WEEKLY;WKST=1", "WKST=1, which is none of MO, TU"),
    ("FREQ=DAILY;UNTIL=tomorrow", "not one like 20181231T235959 or 20181231T235959Z: TOMORROW"),
    ("FREQ=DAILY;UNTIL=9999", "not one like 20181231T235959"),
    ("FREQ=DAILY;UNTIL=99991331", "not one like"),
    ("FREQ=DAILY;UNTIL=20180230", "not one like"),
    ("FREQ=DAILY;UNTIL=20180101T250000", "not one like"),
    ("FREQ=DAILY;UNTIL=00010101", "not in the years 2 to 9998"),
    ("DTSTART:20180501T090000", "no RRULE and no RDATE"),
    ("DTSTART:20180501 EXDATE:20180502", "no RRULE and no RDATE"),
    ("DTSTART:99990101T000000 RRULE:FREQ=DAILY", "not in the years 2 to 9998"),
    ("DTSTART:10 RRULE:FREQ=DAILY", "not one like"),
    ("DTSTART: RRULE:FREQ=DAILY", "not one like"),
    ("DTSTART:2018W18 RRULE:FREQ=DAILY", "not one like"),
    ("DTSTART:20180501T090000EST RRULE:FREQ=DAILY", "not one like"),
    ("DTSTART:20180501 DTSTART:20180502 RRULE:FREQ=DAILY", "DTSTART twice"),
    ("DTSTART:20180501,20180502 RRULE:FREQ=DAILY", "DTSTART twice"),
    ("DTSTART;TZID=Mars/Base:20180501T090000 RRULE:FREQ=DAILY", "not known: Mars/Base"),
    ("DTSTART;TZID=../../etc/passwd:20180501T090000 RRULE:FREQ=DAILY", "not known: ../../etc/passwd"),
    ("DTSTART;TZID=:20180501T090000 RRULE:FREQ=DAILY", "not understood: TZID="),
    ("DTSTART;TZID=UTC:20180501T090000Z RRULE:FREQ=DAILY", "two time zones"),
    ("DTSTART;TZID=UTC;TZID=UTC:20180501T090000 RRULE:FREQ=DAILY", "parameter of DTSTART twice"),
    ("DTSTART;VALUE=PERIOD:20180501T090000 RRULE:FREQ=DAILY", "not understood: VALUE=PERIOD"),
    ("RDATE;VALUE=PERIOD:19960403T020000Z/PT1H", "not understood: VALUE=PERIOD"),
    ("EXRULE;TZID=UTC:FREQ=DAILY RRULE:FREQ=DAILY", "not understood: TZID=UTC"),
    ("RRULE:FREQ=DAILY EXDATE:20180501,", "not one like"),
    ("DURATION:PT1H RRULE:FREQ=DAILY", "not understood: DURATION:PT1H"),
    ("BEGIN:VEVENT RRULE:FREQ=DAILY", "not understood: BEGIN:VEVENT"),
    ("FREQ=DAILY\n" * (RULES_LIMIT + 1), "more than 20 rules"),
    (
        f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))};BYSECOND=0,1",
        "more than 1440 times a day",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), FAULTS, ids=[text[:40] for text, _ in FAULTS])
def test_what_cannot_be_read_is_named(text: str, sentence: str) -> None:
    assert sentence in fault(text)
    assert len(fault(text)) < 200


WORDS = st.sampled_from(
    [
        *(
            "RRULE:",
            "DTSTART",
            "EXDATE:",
            "RDATE:",
            "EXRULE:",
            ";TZID=",
            "Europe/Berlin",
            ":",
            ";",
            ",",
            "=",
            " ",
            "\n",
        ),
        *("FREQ=", "DAILY", "SECONDLY", "YEARLY", "COUNT=", "UNTIL=", "INTERVAL=", "BYDAY=", "BYHOUR=", "BYSETPOS="),
        *("20180501", "20180501T090000", "Z", "1", "-1", "99", "MO", "+2TU", "WKST=", "BYEASTER=", "BYWEEKNO=", "\0"),
    ]
)


@settings(deadline=None)
@given(text=st.lists(WORDS | st.text(max_size=3), max_size=14).map("".join))
def test_any_text_is_a_rule_or_a_fault(text: str) -> None:
    try:
        assert parse(text).text == text
    except RuleFault as refused:
        assert str(refused)
