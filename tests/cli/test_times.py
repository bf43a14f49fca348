"""Times and durations as people write them, on a Wednesday afternoon in Berlin."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.cli.times import deadline, distance, iso, language_of, local, moment, span
from rota.domain.durations import Unreadable, duration

UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
SHORT = {"weeks": "w", "days": "d", "hours": "h", "minutes": "m", "seconds": "s"}


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def now() -> datetime:
    return datetime(2026, 11, 18, 14, 30).astimezone()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow noon", "2026-11-19T11:00:00Z"),
        ("Tomorrow  NOON", "2026-11-19T11:00:00Z"),
        ("noon on friday", "2026-11-20T11:00:00Z"),
        ("friday 17:00", "2026-11-20T16:00:00Z"),
        ("wednesday", "2026-11-24T23:00:00Z"),
        ("9:00", "2026-11-19T08:00:00Z"),
        ("17:00", "2026-11-18T16:00:00Z"),
        ("17:00 UTC", "2026-11-18T17:00:00Z"),
        ("tomorrow at 9", "2026-11-19T08:00:00Z"),
        ("tomorrow at 9 pm", "2026-11-19T20:00:00Z"),
        ("24 dec 18:00", "2026-12-24T17:00:00Z"),
        ("in 2 hours", "2026-11-18T15:30:00Z"),
        ("in 1h30m", "2026-11-18T15:00:00Z"),
        ("in 2 days", "2026-11-20T13:30:00Z"),
        ("yesterday", "2026-11-17T13:30:00Z"),
        ("2026-11-20T17:31:33Z", "2026-11-20T17:31:33Z"),
        ("2026-11-20T17:31:33+02:00", "2026-11-20T15:31:33Z"),
        ("2026-11-20 17:31", "2026-11-20T16:31:00Z"),
        ("2026-07-01 12:00", "2026-07-01T10:00:00Z"),
        ("20261120", "2026-11-19T23:00:00Z"),
        ("1448040693", "2015-11-20T17:31:33Z"),
        ("asap", 0),
        ("As soon as possible", 0),
        ("0", 0),
        ("-5", 0),
    ],
)
def test_a_deadline_is_what_a_person_means(text: str, expected: str | int) -> None:
    assert deadline(text, now()) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "nonsense",
            "soon",
            "17",
            "90",
            "2026",
            "tomorrow 25:00",
            "99:99",
            "0001-01-01",
            "9999-12-31T23:59-05:00",
        ),
        *("in 99999999999 hours", "in 999999999999999999 hours", "9" * 15, "\0", "\ud800"),
    ],
)
def test_what_cannot_be_told_is_not_guessed_at(text: str) -> None:
    with pytest.raises(Unreadable):
        deadline(text, now())


def test_what_could_be_past_or_to_come_is_what_is_preferred() -> None:
    assert iso(moment("monday", now())) == "2026-11-22T23:00:00Z"
    assert iso(moment("monday", now(), prefer="past")) == "2026-11-15T23:00:00Z"
    assert iso(moment("17:00", now(), prefer="past")) == "2026-11-17T16:00:00Z"


def test_hours_are_counted_over_a_change_of_the_clock_and_days_are_the_calendars() -> None:
    """On 25 October 2026 at 3:00 the clocks of Berlin go back to 2:00."""
    before = datetime(2026, 10, 24, 23, 0).astimezone()
    assert moment("in 6 hours", before) - before == timedelta(hours=6)
    assert moment("in 2 days", before) - before == timedelta(hours=49)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("", "05/06/2027", "2027-05-05T22:00:00Z"),
        ("C.UTF-8", "05/06/2027", "2027-05-05T22:00:00Z"),
        ("en_GB.UTF-8", "05/06/2027", "2027-06-04T22:00:00Z"),
        ("de_AT.UTF-8@euro", "morgen 12:00", "2026-11-19T11:00:00Z"),
        ("de_AT.UTF-8", "tomorrow noon", "2026-11-19T11:00:00Z"),
        ("fr_FR", "demain à midi", "2026-11-19T11:00:00Z"),
        ("xx_YY", "tomorrow noon", "2026-11-19T11:00:00Z"),
    ],
)
def test_the_locale_adds_its_language_and_orders_day_and_month(language: str, text: str, expected: str) -> None:
    assert iso(moment(text, now(), language)) == expected


def test_the_language_is_the_one_that_posix_names() -> None:
    assert language_of({"LC_ALL": "", "LC_TIME": "de_DE", "LANG": "fr_FR"}) == "de_DE"
    assert language_of({"LC_ALL": "C", "LC_TIME": "de_DE"}) == "C"
    assert language_of({}) == ""


@given(st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC)))
def test_an_iso_time_is_read_as_it_is_written(at: datetime) -> None:
    assert moment(iso(at), now()) == at
    assert moment(f"{at.astimezone():%Y-%m-%d %H:%M:%S%z}", now()) == at


@given(st.text(max_size=12))
def test_whatever_is_written_is_a_duration_or_refused(text: str) -> None:
    try:
        assert duration(text) >= 0
    except Unreadable as error:
        assert repr(text) in str(error)


@given(
    st.dictionaries(st.sampled_from(sorted(UNITS)), st.integers(0, 10**6), min_size=1),
    st.randoms(use_true_random=False),
    st.sampled_from([", ", " ", " and ", ", and "]),
    st.booleans(),
)
def test_units_add_up_in_any_order_and_dress(parts: dict[str, int], dice: object, between: str, short: bool) -> None:
    names = dice.sample(sorted(parts), len(parts))  # type: ignore[attr-defined]
    words = [f"{parts[name]}{SHORT[name]}" if short else f"{parts[name]} {name}" for name in names]
    assert duration(between.join(words)) == sum(number * UNITS[name] for name, number in parts.items())


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("2.5 min", 150), ("0.5", 0.5), ("an hour", 3_600), ("1H30M", 5_400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "1 h 2 h", "1:30", "-5", "1h,", "1h and", "5 mn", "1e5", "٣ min", "1 month"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        duration(text)


@given(st.integers(-(10**9), 10**9))
def test_a_span_is_the_duration_to_within_its_second_unit(seconds: int) -> None:
    text = span(seconds)
    shown = duration(text.removeprefix("-")) * (-1 if text.startswith("-") else 1)
    within = 3_600 if abs(seconds) >= 86_400 else 60 if abs(seconds) >= 3_600 else 1
    assert abs(seconds - shown) < within
    assert len(text.split()) <= 4


def test_spans_leave_out_what_is_nothing() -> None:
    assert [span(n) for n in (0, 59.6, 3_600, 3_601, 86_400, 90_061)] == [
        "0 s",
        "1 min",
        "1 h",
        "1 h",
        "1 d",
        "1 d 1 h",
    ]


def test_a_time_of_the_api_is_shown_on_the_users_clock() -> None:
    assert f"{local('2026-11-20T17:31:33Z'):%H:%M}" == "18:31"
    assert distance("2026-11-18T13:31:00Z", now()) == 60


def test_words_of_every_unit_are_known() -> None:
    for one, two in permutations(UNITS, 2):
        assert duration(f"a {one.removesuffix('s')} and 2 {two}") == UNITS[one] + 2 * UNITS[two]
