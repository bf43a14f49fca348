"""How values are written: moments, times of day, durations, money, points, JSON that is kept as a text.

Each is a maker: from the terms of the field to a function of one value. None stays None.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from rota.domain.field.terms import Terms

Writer = Callable[[Any], Any]
Maker = Callable[[Terms], Writer]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_EXACT = 2**33 * _SECOND
"""Below it a float of seconds still tells microseconds apart."""


def moment(terms: Terms) -> Writer:
    """ISO 8601 with the offset of the zone; the encoder turns a datetime into a text faster than Python can."""
    zone, read = terms.zone, datetime.fromtimestamp

    def write(at: int | None) -> datetime | None:
        if at is None:
            return None
        try:
            if -_EXACT < at < _EXACT:
                return read(at / _SECOND, zone)
            return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)
        except (OverflowError, ValueError):  # so near an end of the calendar that the zone leads past it
            return _clamped(at)

    return write


def _clamped(at: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=at)
    except OverflowError:
        return (datetime.max if at > 0 else datetime.min).replace(tzinfo=UTC)


def duration(terms: Terms) -> Writer:
    """Microseconds as `[D ]HH:MM:SS`, with six more digits where there are any.

    >>> duration(Terms(UTC, "UTC"))(267_610_000_000)
    '3 02:20:10'
    """

    def write(us: int | None) -> str | None:
        if us is None:
            return None
        days, rest = divmod(us, 86_400 * _SECOND)
        return f"{days} {_clock(rest)}" if days else _clock(rest)

    return write


def time_of_day(us: int | None) -> str | None:
    """Microseconds since midnight as `HH:MM:SS[.ffffff]`."""
    return None if us is None else _clock(us)


def _clock(us: int) -> str:
    seconds, rest = divmod(us, _SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}" + (f".{rest:06d}" if rest else "")


def iso(terms: Terms) -> Writer:
    """A date or a time of day."""
    return lambda value: value.isoformat()


def money(terms: Terms) -> Writer:
    """Hundredths: `400000.00 KES`, and nothing as `0 KES`."""
    currency = terms.currency
    return lambda hundredths: None if hundredths is None else amount(hundredths, currency)


def amount(hundredths: int, currency: str) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d} {currency}" if hundredths else f"0 {currency}"


def own_money(terms: Terms) -> Writer:
    """An amount and its currency."""
    return lambda pair: amount(*pair)


def paid(terms: Terms) -> Writer:
    """What was paid, where there is a bounty: of a pair of the bounty and the amount."""
    currency = terms.currency
    return lambda pair: None if pair[0] is None else amount(pair[1], currency)


def digits(terms: Terms) -> Writer:
    """A number as a text."""
    return str


def word(names: Mapping[Any, str]) -> Maker:
    return lambda terms: names.__getitem__


def is_one(wanted: Any) -> Maker:
    return lambda terms: lambda value: value == wanted


def point(terms: Terms) -> Writer:
    """A longitude and a latitude as GeoJSON."""
    return lambda pair: None if pair[0] is None else {"type": "Point", "coordinates": list(pair)}


def kept_json(terms: Terms) -> Writer:
    """JSON text, into the document as it stands."""
    return lambda text: None if text is None else msgspec.Raw(text.encode())
