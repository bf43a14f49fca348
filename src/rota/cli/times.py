"""Times as people write them, and times and durations as people read them.

Times without a zone are the user's own: the zone of the machine, which TZ names.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from rota.domain.durations import UNITS, Unreadable, parts, total

ASAP = 0
"""The deadline of a task that is wanted as soon as possible."""

_ASAP_WORDS = frozenset({"asap", "as soon as possible"})
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?", re.ASCII)
_CALENDAR_DAY = re.compile(r"\d{8}", re.ASCII)
_EARLIEST_NUMBER = 100_000_000
"""A lesser number of seconds since 1970 is before March 1973: whoever wrote it meant something else."""

_BARE_HOUR = re.compile(r"\bat (\d{1,2})(?=\s|$)(?!\s*[ap]\.?m\b)", re.ASCII)
_CLOCK = re.compile(r"\d:\d", re.ASCII)
_MARK = 1
"""Microseconds of the time that dateparser is told. Found in its answer, they tell that it took the clock from there:
what it cannot read, such as the hour of `tomorrow 25:00`, it passes over."""

_EXACT = frozenset({"h", "min", "s"})


def deadline(text: str, now: datetime, language: str = "") -> int | str:
    """What the API takes as a deadline: ASAP, or an ISO 8601 time in UTC. Raises Unreadable."""
    words = " ".join(text.lower().split())
    if words in _ASAP_WORDS or (_NUMBER.fullmatch(words) and float(words) <= 0):
        return ASAP
    return iso(moment(text, now, language))


def moment(text: str, now: datetime, language: str = "", *, prefer: str = "future") -> datetime:
    """A time in UTC. Raises Unreadable.

    `now` is aware; `language` is a locale such as `de_DE.UTF-8`, read besides English, whose order of day and month
    counts. What could be past or to come, as `friday` could, is what `prefer` says.
    """
    words = " ".join(text.split())
    try:
        found = _numbered(words) or _iso(words) or _exact(words.lower(), now) or _free(words, now, language, prefer)
        if found is not None:
            return found.astimezone(UTC)
    except Unreadable:
        raise
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999, or where the system's clock ends
        pass
    raise Unreadable(f"{text!r} is no time that can be told")


def iso(when: datetime) -> str:
    """
    >>> iso(datetime(2026, 11, 20, 17, 31, 33, 5, UTC))
    '2026-11-20T17:31:33Z'
    """
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def wall_clock() -> datetime:
    """The present time, in the zone of the user."""
    return datetime.now().astimezone()


def language_of(environ: Mapping[str, str]) -> str:
    """The locale in which the user writes times (POSIX: LC_ALL, else LC_TIME, else LANG)."""
    return next(filter(None, (environ.get(name) for name in ("LC_ALL", "LC_TIME", "LANG"))), "")


def _numbered(words: str) -> datetime | None:
    """Seconds since 1970. A smaller number alone could be a day, an hour or a year: it is not guessed at."""
    if not _NUMBER.fullmatch(words) or _CALENDAR_DAY.fullmatch(words):
        return None
    if float(words) < _EARLIEST_NUMBER:
        raise Unreadable(f"{words!r} alone is no time: a number must be seconds since 1970")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(words))


def _iso(words: str) -> datetime | None:
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        return None


def _exact(words: str, now: datetime) -> datetime | None:
    """`in 2 hours`, counted on the clock that no summer time stops; days and weeks are the calendar's."""
    if not words.startswith("in "):
        return None
    try:
        found = parts(words.removeprefix("in "))
    except Unreadable:
        return None
    return now + timedelta(seconds=float(total(found))) if found.keys() <= _EXACT else None


def _free(words: str, now: datetime, language: str, prefer: str) -> datetime | None:
    """Anything else, by dateparser. It is told the local time as it stands on the wall, and answers so."""
    base = now.astimezone().replace(tzinfo=None, microsecond=_MARK)
    settings = {"PREFER_DATES_FROM": prefer, "RELATIVE_BASE": base}
    # It would pass over `at 9`, too.
    found = _parsed(_BARE_HOUR.sub(r"\1:00", words), language, settings)
    if found is None or (found.microsecond == _MARK and _CLOCK.search(words)):
        return None
    return found.replace(microsecond=0)


def _parsed(words: str, language: str, settings: dict[str, object]) -> datetime | None:
    # Its import takes 0.1 s.
    from dateparser.date import DateDataParser

    for languages, region in (*_locales(language), (["en"], None)):
        try:
            reader = DateDataParser(languages=languages, region=region, use_given_order=True, settings=settings)
            found: datetime | None = reader.get_date_data(words).date_obj
        except ValueError:  # a language that it does not know
            continue
        return found
    return None


def _locales(language: str) -> list[tuple[list[str], str | None]]:
    """`de_AT.UTF-8` as German, then English, and the order of day and month that Austria has."""
    name, _, region = re.split(r"[.@]", language)[0].partition("_")
    return [(list(dict.fromkeys([name, "en"])), region or None)] if re.fullmatch(r"[a-z]{2,3}", name) else []


def span(seconds: float) -> str:
    """A duration in its two largest units, which is as much as a person reads.

    >>> span(93_784), span(3_600), span(59.4), span(-90)
    ('1 d 2 h', '1 h', '59 s', '-1 min 30 s')
    """
    rest = round(abs(seconds))
    units = [(unit, size) for unit, size in UNITS.items() if unit != "w"]
    first = next((n for n, (_, size) in enumerate(units) if rest >= size), len(units) - 1)
    words: list[str] = []
    for unit, size in units[first : first + 2]:
        number, rest = divmod(rest, size)
        if number or not (words or rest):
            words.append(f"{number} {unit}")
    return ("-" if seconds <= -0.5 else "") + " ".join(words or ["0 s"])


def local(text: str) -> datetime:
    """A time of the API on the clock of the user."""
    return datetime.fromisoformat(text).astimezone()


def distance(text: str, now: datetime) -> float:
    """Seconds from now until a time of the API; negative when it is past."""
    return (datetime.fromisoformat(text) - now).total_seconds()
