"""Clocks on the wall: where they are set, what begins begins once, and what ends ends last."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.walltime import FIRST, LAST, closing_at, opening_at, reading, readings, zone_named
from timing import SECOND, instant, zones

NEW_YORK = ZoneInfo("America/New_York")
WALLS = st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1))


@pytest.mark.parametrize(
    ("wall", "opening", "closing"),
    [
        ("2026-07-01T09:00", "2026-07-01T09:00-04:00", "2026-07-01T09:00-04:00"),
        ("2026-03-08T02:30", "2026-03-08T03:30-04:00", "2026-03-08T03:30-04:00"),
        ("2026-11-01T01:30", "2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00"),
        ("2026-11-01T02:00", "2026-11-01T02:00-05:00", "2026-11-01T02:00-05:00"),
    ],
)
def test_a_reading_that_is_jumped_over_moves_and_one_that_comes_twice_lasts(
    wall: str, opening: str, closing: str
) -> None:
    shown = datetime.fromisoformat(wall)
    assert opening_at(shown, NEW_YORK) == instant(opening)
    assert closing_at(shown, NEW_YORK) == instant(closing)


@settings(deadline=None)
@given(wall=WALLS, zone=zones, away=st.integers(-180, 180))
def test_whenever_a_clock_shows_a_reading_is_from_its_opening_to_its_closing(
    wall: datetime, zone: ZoneInfo, away: int
) -> None:
    at = opening_at(wall, zone) + away * 60 * SECOND
    assert opening_at(reading(at, zone), zone) <= at <= closing_at(reading(at, zone), zone)
    assert reading(opening_at(wall, zone), zone) >= wall
    assert opening_at(wall, zone) <= closing_at(wall, zone)


TRANSITIONS = [
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Africa/Nairobi", "2026-01-01T00:00"),
]


@pytest.mark.parametrize(("name", "around"), TRANSITIONS)
def test_outside_two_readings_it_is_sure_what_begins_earlier_or_later(name: str, around: str) -> None:
    zone = ZoneInfo(name)
    for away in range(-60, 60):
        at = instant(around) + away * 1_800 * SECOND
        first, last = readings(at, zone)
        for nearby in range(-60, 61):
            wall = reading(at, zone) + timedelta(minutes=30 * nearby)
            if wall < first:
                assert opening_at(wall, zone) < at
            if wall > last:
                assert opening_at(wall, zone) > at


@settings(deadline=None)
@given(at=st.integers(), zone=zones)
def test_a_clock_stands_still_where_the_calendar_ends(at: int, zone: ZoneInfo) -> None:
    assert FIRST - timedelta(days=1) < reading(at, zone) < LAST + timedelta(days=1)
    assert readings(at, zone)[0] <= reading(at, zone) <= readings(at, zone)[1]


@pytest.mark.parametrize("name", ["Mars/Base", "", "America", "../UTC", "/etc/passwd", "zone.tab", "a" * 5_000, "a\0b"])
def test_what_names_no_zone_is_none(name: str) -> None:
    assert zone_named(name) is None
    assert zone_named("Africa/Nairobi") == ZoneInfo("Africa/Nairobi")
