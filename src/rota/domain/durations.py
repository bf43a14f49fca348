"""Durations as people write them: `1h30m`, `5 minutes`, `1 week, 2 days and an hour`; a number alone is seconds."""

import re
from collections.abc import Mapping
from decimal import Decimal

UNITS: Mapping[str, int] = {"w": 604_800, "d": 86_400, "h": 3_600, "min": 60, "s": 1}
"""The seconds of each unit."""

_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
}
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?|an?(?=\s))\s*([a-z]+)\s*(?:,\s*)?(?:and\b\s*)?", re.ASCII)


class Unreadable(ValueError):
    """What was written is no time, or no duration, that can be told; its text says so."""


def duration(text: str) -> int | float:
    """Seconds. Raises Unreadable.

    >>> duration("1h30m"), duration("2.5 min"), duration("90"), duration("a day and 1 s")
    (5400, 150, 90, 86401)
    """
    seconds = total(parts(text))
    return int(seconds) if seconds == int(seconds) else float(seconds)


def total(parts: Mapping[str, Decimal]) -> Decimal:
    """The seconds of so many of each unit."""
    return sum((number * UNITS[unit] for unit, number in parts.items()), Decimal(0))


def parts(text: str) -> dict[str, Decimal]:
    """The number of each unit. One that comes twice is a slip of the pen, not a sum. Raises Unreadable."""
    words = text.strip().lower()
    if _NUMBER.fullmatch(words):
        return {"s": Decimal(words)}
    found: dict[str, Decimal] = {}
    at = 0
    while match := _PART.match(words, at):
        number, unit = match[1], _WORDS.get(match[2])
        if unit is None or unit in found:
            break
        found[unit] = Decimal(1 if number in {"a", "an"} else number)
        at = match.end()
    if not found or at < len(words) or words.endswith((",", "and")):
        raise Unreadable(f"{text!r} is no duration such as '5 minutes', '1h30m' or 90 (seconds)")
    return found
