"""Reads what people write into the fields of a record, and collects all that is wrong with it.

A reader takes a value as JSON has it, or as a text of a CSV cell, and gives what is stored; it raises Unfit.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from rota.domain.faults import Fault, Unfit, refuse
from rota.domain.field.terms import Terms

NAME_LIMIT = 255
TEXT_LIMIT = 64 * 1024
ID_LIMIT = 2**63 - 1
AMOUNT_LIMIT = 10**15
"""Hundredths."""

ESTIMATE_LIMIT = 100 * 366 * 86_400_000_000

Reader = Callable[[Any, Terms], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Link:
    """What a relationship refers to; `meta` is what is said of this very reference."""

    id: int
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How a field that may be written is read, and the column that keeps it. `default` is what is kept without one."""

    column: str
    read: Reader
    required: bool = False
    default: Any = None


def read(
    fields: Mapping[str, Field], given: Mapping[str, Any], terms: Terms, *, partial: bool
) -> tuple[dict[str, Any], list[Fault]]:
    """The values by their columns, and the faults. `partial` leaves out what is not given, else defaults stand in."""
    values = {} if partial else {each.column: each.default for each in fields.values()}
    faults = [Fault((name,), "is not a field that can be written") for name in given if name not in fields]
    for name, each in fields.items():
        if name in given:
            try:
                values[each.column] = each.read(given[name], terms)
            except Unfit as unfit:
                faults += [Fault(found.path, found.sentence) for found in unfit.within(name)]
        elif each.required and not partial:
            faults.append(Fault((name,), "is required"))
    return values, faults


def or_null(reader: Reader) -> Reader:
    return lambda value, terms: None if value is None else reader(value, terms)


def or_blank(reader: Reader) -> Reader:
    """A text that may be missing: null stands for an empty one."""
    return lambda value, terms: "" if value is None else reader(value, terms)


def name(value: Any, terms: Terms) -> str:
    """A trimmed line of 1 to 255 characters."""
    text = line(value, terms)
    if not text:
        raise Unfit("may not be blank")
    return text


def line(value: Any, terms: Terms) -> str:
    """A trimmed line of at most 255 characters."""
    text = _clean(_string(value)).strip()
    if len(text) > NAME_LIMIT:
        raise Unfit(f"is longer than {NAME_LIMIT} characters")
    return text


def text(value: Any, terms: Terms) -> str:
    """At most 65 536 characters, none of them a control character but tabs and line ends."""
    found = _clean(_string(value), "\t\n\r")
    if len(found) > TEXT_LIMIT:
        raise Unfit(f"is longer than {TEXT_LIMIT} characters")
    return found


def flag(value: Any, terms: Terms) -> bool:
    words = {"true": True, "false": False}
    found = words.get(value.lower(), value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise Unfit("must be true or false")
    return found


def as_whole(value: Any) -> Any:
    """A number with nothing behind its point is a whole one in JSON, `7.0` as `7`; all else stays as it is."""
    return int(value) if type(value) is float and value.is_integer() and abs(value) < 2**53 else value


def whole(least: int, most: int) -> Reader:
    """A whole number in `[least, most]`, also as a text; true and false are none."""

    def read_whole(value: Any, terms: Terms) -> int:
        is_text = isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,19}", value, re.ASCII)
        found = int(value) if is_text else as_whole(value)
        if type(found) is not int or not least <= found <= most:
            raise Unfit(f"must be a whole number from {least} to {most}")
        return found

    return read_whole


def one_of(words: Iterable[str]) -> Reader:
    allowed = tuple(words)

    def read_word(value: Any, terms: Terms) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Unfit(f"must be one of {', '.join(allowed)}")
        return value

    return read_word


def moment(value: Any, terms: Terms) -> int:
    """ISO 8601, in the zone of the terms where it names none; microseconds since 1970 UTC."""
    try:
        when = datetime.fromisoformat(_string(value).strip())
        return (when.replace(tzinfo=when.tzinfo or terms.zone) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise Unfit("must be a time such as 2018-06-12T17:48:34+03:00") from None


def amount(value: Any, terms: Terms) -> int:
    """A decimal number of money above 0, of at most two places; in hundredths."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unfit("must be a decimal number")
    try:
        hundredths = Decimal(str(value).strip()) * 100
    except InvalidOperation:
        raise Unfit("must be a decimal number") from None
    if not hundredths.is_finite() or hundredths <= 0:
        raise Unfit("must be more than 0")
    if hundredths > AMOUNT_LIMIT:
        raise Unfit(f"may be {AMOUNT_LIMIT // 100} at most")
    if hundredths != int(hundredths):
        raise Unfit("has more than 2 decimal places")
    return int(hundredths)


_SPOKEN = re.compile(r"(?:(\d{1,6})(?: days?,)? )?(\d{1,7}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?", re.ASCII)
_ISO_DURATION = re.compile(
    r"P(?:([\d.]+)Y)?(?:([\d.]+)M)?(?:([\d.]+)W)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?",
    re.ASCII,
)
_UNITS_US = tuple(unit * 1_000_000 for unit in (365 * 86_400, 30 * 86_400, 604_800, 86_400, 3_600, 60, 1))


def duration(value: Any, terms: Terms) -> int:
    """ISO 8601 (a year is 365 days, a month 30), `[D ]HH:MM:SS[.ffffff]`, or seconds; in microseconds."""
    found = _duration(value)
    if found is None:
        raise Unfit("must be a duration such as PT15M, 3 02:20:10 or 900 (seconds)")
    if not 0 <= found <= ESTIMATE_LIMIT:
        raise Unfit("must be a duration from 0 seconds to 100 years")
    return found


def _duration(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return round(value * 1_000_000) if math.isfinite(value) and abs(value) < 2**53 else None
    words = value.strip().upper()
    if re.fullmatch(r"\d{1,15}(\.\d+)?", words, re.ASCII):
        return int(Decimal(words) * 1_000_000)
    return _iso_duration(words) if words.startswith("P") else _spoken(value.strip())


def _spoken(words: str) -> int | None:
    match = _SPOKEN.fullmatch(words)
    if match is None or int(match[3]) > 59 or int(match[4]) > 59:
        return None
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups()[:4])
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000 + int((match[5] or "").ljust(6, "0"))


def _iso_duration(words: str) -> int | None:
    match = _ISO_DURATION.fullmatch(words)
    if match is None or not any(match.groups()) or words.endswith("T"):
        return None
    try:
        parts = [Decimal(each or 0) for each in match.groups()]
    except InvalidOperation:
        return None
    return int(sum(part * unit for part, unit in zip(parts, _UNITS_US, strict=True)))


def time_of_day(value: Any, terms: Terms) -> int:
    """`HH:MM[:SS[.ffffff]]`; microseconds since midnight."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?", _string(value).strip(), re.ASCII)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        raise Unfit("must be a time of day such as 17:27")
    seconds = (int(match[1]) * 60 + int(match[2])) * 60 + int(match[3] or 0)
    return seconds * 1_000_000 + int((match[4] or "").ljust(6, "0"))


def reference(value: Any, terms: Terms) -> int | None:
    """The id of another record, as a number or a text, or null for none."""
    if value is None:
        return None
    found = value.id if isinstance(value, Link) else as_whole(value)
    if isinstance(found, str) and re.fullmatch(r"\d{1,19}", found, re.ASCII):
        found = int(found)
    if type(found) is not int or not 0 < found <= ID_LIMIT:
        raise Unfit("must be an id")
    return found


def needed_reference(value: Any, terms: Terms) -> int:
    """The id of another record, which there must be."""
    found = reference(value, terms)
    if found is None:
        raise Unfit("may not be null")
    return found


def references(value: Any, terms: Terms) -> tuple[Link, ...]:
    """Other records, each once, in the order given."""
    if not isinstance(value, list | tuple):
        raise Unfit("must be a list of ids")
    found: dict[int, Link] = {}
    faults: list[Unfit] = []
    for at, each in enumerate(value):
        try:
            number = _present(each, terms)
        except Unfit as unfit:
            faults += unfit.within(at)
        else:
            found.setdefault(number, each if isinstance(each, Link) else Link(number, {}))
    refuse(faults)
    return tuple(found.values())


def _present(value: Any, terms: Terms) -> int:
    number = reference(value, terms)
    if number is None:
        raise Unfit("must be an id")
    return number


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("must be a text")
    return value


def _clean(text: str, allowed: str = "") -> str:
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in allowed for char in text):
        raise Unfit("holds control characters")
    return text
