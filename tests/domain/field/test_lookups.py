"""What parameters of lists ask for: fields, parts and comparisons as Django names them, or what is wrong with them."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from rota.domain.faults import Unfit
from rota.domain.field import lookups
from rota.domain.field.lookups import Filter, Of, conditions, is_filter
from rota.domain.field.queries import Comparison, Condition
from rota.domain.field.terms import Terms
from timing import instant

TERMS = Terms(ZoneInfo("Africa/Nairobi"), "Africa/Nairobi")
FILTERS: Mapping[str, Filter] = {
    "locations": Filter("locations", Of.ID),
    "status": Filter("status", Of.TEXT, ("a", "b", "c", "d", "e", "s")),
    "required_expertise": Filter("required_expertise", Of.NUMBER, ("1", "2", "3", "4")),
    "name": Filter("name", Of.TEXT),
    "active": Filter("active", Of.FLAG),
    "date": Filter("date", Of.DATE),
    "start_time": Filter("start_time", Of.TIME),
    "created": Filter("created", Of.MOMENT),
}
HOUR = 3_600_000_000


def asked(name: str, *values: str) -> tuple[Condition, ...]:
    return conditions(FILTERS, name, values, TERMS)


def test_a_parameter_belongs_to_the_filter_that_it_begins_with() -> None:
    assert is_filter(FILTERS, "date__nonsense")
    assert not is_filter(FILTERS, "dates")


@pytest.mark.parametrize(
    ("name", "values", "comparison", "value"),
    [
        ("locations", ["1"], "in", (1,)),
        ("locations", ["1,2", "0003"], "in", (1, 2, 3)),
        ("locations__in", ["1,2"], "in", (1, 2)),
        ("locations", [f"1,{2**63}", "9" * 5000], "in", (1,)),
        ("locations__isnull", ["True"], "isnull", True),
        ("locations__gt", ["9" * 30], "gt", 2**63 - 1),
        ("status", ["a,b"], "in", ("a", "b")),
        ("required_expertise__gte", ["2"], "gte", 2),
        ("name", ["a,b", "c"], "in", ("a,b", "c")),
        ("active", ["0"], "in", (False,)),
        ("date", ["2018-05-21"], "in", (20180521,)),
        ("date__gt", ["2018-5-1"], "gt", 20180501),
        ("date__range", ["2018-05-21,2018-06-01"], "range", (20180521, 20180601)),
        ("date__year", ["2018,2020"], "within", ((20180101, 20190101), (20200101, 20210101))),
        ("date__year__gt", ["2018"], "within", ((20190101, None),)),
        ("date__year__gt", ["9999"], "within", ()),
        ("date__year__lte", ["0"], "within", ()),
        ("date__year__range", ["1,9999"], "within", ((None, None),)),
        ("date__iso_year", ["2019"], "within", ((20181231, 20191230),)),
        ("start_time", ["17:27"], "in", (17 * HOUR + 27 * HOUR // 60,)),
        ("start_time__hour", ["23"], "within", ((23 * HOUR, None),)),
        ("start_time__hour__lt", ["7"], "within", ((None, 7 * HOUR),)),
        ("created__gt", ["2018-06-12T17:48:34Z"], "gt", instant("2018-06-12T17:48:34")),
        ("created__gt", ["2018-06-12T17:48:34"], "gt", instant("2018-06-12T14:48:34")),
        ("created__gt", ["2018-06-12T17:48:34 03:00"], "gt", instant("2018-06-12T14:48:34")),
        ("created__lte", ["2018-06-12"], "lte", instant("2018-06-11T21:00")),
        ("created", ["2018-06-12"], "within", ((instant("2018-06-11T21:00"), instant("2018-06-12T21:00")),)),
        ("created", ["1970-01-01T00:00Z"], "within", ((0, 1),)),
        ("created__date__gte", ["2018-06-12"], "within", ((instant("2018-06-11T21:00"), None),)),
        ("created__year", ["1970"], "within", ((-3 * HOUR, instant("1970-12-31T21:00")),)),
    ],
)
def test_lookups_are_read(name: str, values: list[str], comparison: str, value: object) -> None:
    (condition,) = asked(name, *values)
    assert (condition.field, condition.comparison, condition.value) == (name.split("__")[0], comparison, value)


@pytest.mark.parametrize(
    ("name", "value", "part", "numbers"),
    [
        ("date__month", "13", "month", ()),
        ("date__month__gte", "11", "month", (11, 12)),
        ("date__month", "1,3", "month", (1, 3)),
        ("date__quarter", "2", "month", (4, 5, 6)),
        ("date__iso_week_day", "7", "week_day", (1,)),
        ("date__week__range", "52,99", "week", (52, 53)),
        ("start_time__minute__lt", "2", "minute", (0, 1)),
        ("created__hour__gt", "-5", "hour", tuple(range(24))),
    ],
)
def test_what_comes_again_and_again_is_a_set_of_numbers(
    name: str, value: str, part: str, numbers: tuple[int, ...]
) -> None:
    (condition,) = asked(name, value)
    assert (condition.comparison, condition.part, condition.value) == (Comparison.IN, part, numbers)
    assert bool(condition.offsets) == name.startswith("created")


def test_lookups_given_twice_must_all_hold() -> None:
    assert [each.value for each in asked("date__gt", "2018-01-01", "2019-01-01")] == [20180101, 20190101]
    assert [each.value for each in asked("status__in", "a,b", "b")] == [("a", "b"), ("b",)]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("locations", "x", "must be an id"),
        ("locations", "-1", "must be an id"),
        ("locations", "", "must be an id"),
        ("locations", "1,", "must be an id"),
        ("locations", "٣", "must be an id"),
        ("status", "x", "must be one of a, b, c, d, e, s"),
        ("required_expertise", "5", "must be one of 1, 2, 3, 4"),
        ("date", "21.5.2018", "must be a date such as 2018-05-21"),
        ("date", "2018-02-30", "must be a date such as 2018-05-21"),
        ("date__month", "May", "must be a whole number"),
        ("date__range", "2018-01-01", "must be two values with a comma between"),
        ("date__isnull", "2", "must be true or false"),
        ("start_time", "25:00", "must be a time of day such as 17:27"),
        ("created__gt", "yesterday", "must be a time such as 2018-06-12T17:48:34+03:00"),
        ("name", "a\0", "holds control characters"),
        ("name__part", "1", "has no lookup 'part'; there are exact, gt, gte, lt, lte, in, range, isnull"),
        ("date__year__month", "1", "has no lookup 'month'; there are exact, gt, gte, lt, lte, in, range, isnull"),
        ("date__gt__gt", "2018-01-01", "may not go on after the lookup 'gt'"),
        ("date__within", "2018-01-01", "has no lookup 'within'; there are exact, gt, gte, lt, lte, in, range, isnull,"),
        ("locations", ",".join("1" * 501), "holds more than 500 values"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, value: str, sentence: str) -> None:
    with pytest.raises(Unfit) as raised:
        asked(name, value)
    assert raised.value.sentence.startswith(sentence)


@pytest.mark.parametrize("name", ["created", "created__gt", "created__date", "created__year__lt"])
@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_no_trouble(name: str, value: str) -> None:
    zone = ZoneInfo("America/New_York")
    given = value[:4] if "year" in name else value
    assert conditions(FILTERS, name, [given], Terms(zone, zone.key))


def test_words_are_folded() -> None:
    assert lookups.words("  Große  task ") == ("grosse", "task")
