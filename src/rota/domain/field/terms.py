"""What an operator chose for the field, and what follows from it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

DAY_US = 86_400_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """`zone` is where times without a zone are read and in which times are written; its IANA name is `zone_name`.

    `currency` (ISO 4217) is that of all bounties. Rules without end are expanded so many microseconds ahead.
    """

    zone: tzinfo
    zone_name: str
    currency: str = "KES"
    horizon_us: int = 400 * DAY_US


def moment_at(at: int, terms: Terms) -> datetime:
    """A moment in the zone, however far away: in UTC where the zone leads past an end of the calendar."""
    try:
        utc = _EPOCH + timedelta(microseconds=at)
    except OverflowError:
        return (datetime.max if at > 0 else datetime.min).replace(tzinfo=UTC)
    try:
        return utc.astimezone(terms.zone)
    except (OverflowError, ValueError):
        return utc
