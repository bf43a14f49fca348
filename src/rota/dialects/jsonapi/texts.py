"""How values are written: moments, times of day, durations, money, points, JSON that is kept as a text.

Each is a maker: from the terms of the field to what writes a column of values, those of a page. None stays None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from rota.domain.field.terms import Terms, moment_at

Writer = Callable[[Sequence[Any]], Iterable[Any]]
Maker = Callable[[Terms], Writer]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000

MOST = 10_000
"""About a megabyte."""


def each(write: Callable[[Any], Any]) -> Writer:
    """Every value by itself."""
    return lambda values: map(write, values)


class Drawn(dict[Any, Any]):
    """What was drawn of each value, by a function of the value alone: pages show the same again and again.

    `drawn[value]` draws it unless it is there. When it holds MOST it forgets all.
    """

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self._draw = draw

    def __missing__(self, value: Any) -> Any:
        # Of several threads at once each may add one.
        if len(self) >= MOST:
            self.clear()
        drawn = self[value] = self._draw(value)
        return drawn


def few(write: Callable[[Any], Any]) -> Writer:
    """Where many records have the same value, which is written once."""
    written = Drawn(lambda value: None if value is None else write(value))
    return lambda values: map(written.__getitem__, values)


def moment(terms: Terms) -> Writer:
    """ISO 8601 with the offset of the zone, in which UTC is `Z`. The encoder turns a datetime into a text, numpy a
    column of microseconds into timedeltas, and `fromutc` takes a seventh of the time of `astimezone`."""
    epoch = _EPOCH.replace(tzinfo=terms.zone)
    local = terms.zone.fromutc if terms.zone_name != "UTC" else None

    def column(values: Sequence[int | None]) -> Iterable[datetime | None]:
        there = values if None not in values else [at for at in values if at is not None]
        try:
            moved = map(epoch.__add__, np.array(there, "m8[us]").tolist())
            found = list(map(local, moved) if local else moved)
        except (OverflowError, ValueError):
            found = [moment_at(at, terms) for at in there if at is not None]
        return found if there is values else _spread(found, values)

    return column


def _spread(found: Sequence[Any], values: Sequence[Any]) -> Iterable[Any]:
    """None where there was nothing."""
    following = iter(found)
    return [None if value is None else next(following) for value in values]


def duration(terms: Terms) -> Writer:
    """Microseconds as `[D ]HH:MM:SS`, with six more digits where there are any.

    >>> list(duration(Terms(UTC, "UTC"))([267_610_000_000]))
    ['3 02:20:10']
    """
    return few(_duration)


def _duration(us: int) -> str:
    days, rest = divmod(us, 86_400 * _SECOND)
    return f"{days} {_clock(rest)}" if days else _clock(rest)


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
    return few(lambda value: value.isoformat())


def money(terms: Terms) -> Writer:
    """Hundredths: `400000.00 KES`, and nothing as `0 KES`."""
    endings = [f".{cents:02d} {terms.currency}" for cents in range(100)]
    nothing = amount(0, terms.currency)
    return few(lambda hundredths: str(hundredths // 100) + endings[hundredths % 100] if hundredths else nothing)


def amount(hundredths: int, currency: str) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d} {currency}" if hundredths else f"0 {currency}"


def own_money(terms: Terms) -> Writer:
    """An amount and its currency."""
    return few(lambda pair: amount(*pair))


def paid(terms: Terms) -> Writer:
    """What was paid, where there is a bounty: of a pair of the bounty and the amount."""
    currency = terms.currency
    return few(lambda pair: None if pair[0] is None else amount(pair[1], currency))


def digits(terms: Terms) -> Writer:
    """A number as a text."""
    return few(str)


def word(names: Mapping[Any, str]) -> Maker:
    return lambda terms: each(names.__getitem__)


def is_one(wanted: Any) -> Maker:
    return lambda terms: each(wanted.__eq__)


def point(terms: Terms) -> Writer:
    """A longitude and a latitude as GeoJSON."""
    return each(lambda pair: None if pair[0] is None else {"type": "Point", "coordinates": pair})


def kept_json(terms: Terms) -> Writer:
    """JSON text, into the document as it stands."""
    return each(lambda text: None if text is None else msgspec.Raw(text.encode()))
