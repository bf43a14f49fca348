"""Instants, in microseconds since 1970 UTC, and what the clock on a zone's wall shows then, as a naive datetime.

A clock that is set forward jumps over readings, and one that is set back shows readings twice. What begins at a reading
that comes twice begins at the first, and what ends at it ends at the last; one that is jumped over is counted as if the
clock had not been set: 02:30 becomes 03:30 (RFC 5545, 3.3.5, which says the same of beginnings). Readings have fold 0.
"""

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIRST = datetime(2, 1, 1)
LAST = datetime(9998, 12, 31, 23, 59, 59)
"""Every zone's clock can show what lies between these; Python's calendar ends a year further on."""

END_OF_DAY = time(23, 59, 59, 999_999)

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_JUMP = timedelta(days=2)
"""More than any clock was ever set forward or back: Samoa left out a day."""


def opening_at(wall: datetime, zone: tzinfo) -> int:
    """The instant at which what begins at this reading begins."""
    return _instant(wall, _offset(wall, zone))


def closing_at(wall: datetime, zone: tzinfo) -> int:
    """The instant at which what ends at this reading ends."""
    # The lesser offset is the last one of a reading that comes twice, and the former one of a reading that never comes.
    return _instant(wall, min(_offset(wall, zone), _offset(wall.replace(fold=1), zone)))


def day_closing_at(wall: datetime, zone: tzinfo) -> int:
    """The last microsecond of the day."""
    return closing_at(datetime.combine(wall, END_OF_DAY), zone)


def reading(at: int, zone: tzinfo) -> datetime:
    """What the clock shows. Beyond FIRST and LAST it stands still."""
    return _utc(at).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def readings(at: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Two between which is what begins at this instant. What is before both begins earlier, what is after both later:
    in between this need not be so, if the clock is set then. Mostly they are the same.
    """
    shown = reading(at, zone)
    offsets = [_offset(shown + away, zone) for away in (-_JUMP, timedelta(0), _JUMP)]
    return _utc(at) + min(offsets), _utc(at) + max(offsets)


def _utc(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=min(max(at, _instant(FIRST)), _instant(LAST)))


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that name in the IANA database, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder, a path, no zone at all
        return None


def _offset(wall: datetime, zone: tzinfo) -> timedelta:
    return cast(timedelta, zone.utcoffset(wall))


def _instant(wall: datetime, offset: timedelta = timedelta(0)) -> int:
    return (wall - _EPOCH - offset) // _MICROSECOND
