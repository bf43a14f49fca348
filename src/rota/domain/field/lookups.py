"""Reads the filters of lists as Django writes them: `date__year__gte` is a field, a part of it and a comparison."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from rota.domain.faults import Unfit
from rota.domain.field import reading
from rota.domain.field.parts import (
    DAYS,
    OF_DATES,
    OF_MOMENTS,
    OF_TIMES,
    Cycle,
    Span,
    Stretch,
    bounds,
    kept_numbers,
    offsets,
    spans,
    stored_date,
)
from rota.domain.field.queries import Comparison, Condition
from rota.domain.field.terms import Terms

VALUES_LIMIT = 500
"""Of one lookup: a database takes each as a parameter, and SQLite no expression that is deeper than 1000."""


class Of(StrEnum):
    """What the values of a field are, which says how they are read and which parts they have."""

    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Filter:
    """`field` is that of the collection in queries; where `choices` are given, a value must be one of them."""

    field: str
    of: Of
    choices: tuple[str, ...] = ()


_PARTS: Mapping[Of, Mapping[str, Stretch | Cycle]] = {
    Of.DATE: OF_DATES,
    Of.TIME: OF_TIMES,
    Of.MOMENT: {**OF_MOMENTS, "date": DAYS, "time": Cycle("time", 0, 0)},
}
_SAID = tuple(each.value for each in Comparison if each is not Comparison.WITHIN)


def known(chosen: Filter) -> Iterator[tuple[str, str | None, Comparison]]:
    """All lookups of a field: what follows its name, such as `__year__gte`, the part and the comparison."""
    for part in (None, *_PARTS.get(chosen.of, {})):
        before = "" if part is None else f"__{part}"
        yield before, part, Comparison.EXACT
        yield from ((f"{before}__{each}", part, Comparison(each)) for each in _SAID)


def is_filter(filters: Mapping[str, Filter], name: str) -> bool:
    """Whether a parameter is meant for one of these, rightly or wrongly."""
    return name.partition("__")[0] in filters


def conditions(filters: Mapping[str, Filter], name: str, values: Sequence[str], terms: Terms) -> tuple[Condition, ...]:
    """What a parameter asks, given once or several times: any of the values of an `exact`, all of anything else.

    Several values of an `exact` or `in` stand between commas, but commas of texts that may be anything are their own.
    Raises Unfit for a lookup or a value that cannot be read.
    """
    field, *words = name.split("__")
    chosen = filters[field]
    part, comparison = _lookup(chosen, words)
    if comparison is Comparison.EXACT:
        listed = chosen.of is not Of.TEXT or bool(chosen.choices)
        given = [each for value in values for each in (value.split(",") if listed else [value])]
        return (_condition(chosen, part, comparison, _few(given), terms),)
    return tuple(_condition(chosen, part, comparison, _few(_taken_apart(comparison, each)), terms) for each in values)


def words(value: str) -> tuple[str, ...]:
    """What a search looks for: each word of the text, folded as names are. Raises Unfit."""
    return tuple(_few(reading.text(value, _NO_TERMS).casefold().split()))


_NO_TERMS: Any = None


def _lookup(chosen: Filter, words: list[str]) -> tuple[str | None, Comparison]:
    parts = _PARTS.get(chosen.of, {})
    part = words[0] if words and words[0] in parts else None
    rest = words if part is None else words[1:]
    if rest and rest[0] not in _SAID:
        known = ", ".join((*_SAID, *(parts if part is None else ())))
        raise Unfit(f"has no lookup {rest[0]!r}; there are {known}")
    if len(rest) > 1:
        raise Unfit(f"may not go on after the lookup {rest[0]!r}")
    return part, Comparison(rest[0]) if rest else Comparison.EXACT


def _few(given: list[str]) -> list[str]:
    if len(given) > VALUES_LIMIT:
        raise Unfit(f"holds more than {VALUES_LIMIT} values")
    return given


def _taken_apart(comparison: Comparison, value: str) -> list[str]:
    given = value.split(",") if comparison in {Comparison.IN, Comparison.RANGE} else [value]
    if comparison is Comparison.RANGE and len(given) != 2:
        raise Unfit("must be two values with a comma between")
    return given


def _condition(chosen: Filter, part: str | None, comparison: Comparison, given: list[str], terms: Terms) -> Condition:
    if comparison is Comparison.ISNULL:
        return Condition(chosen.field, comparison, _flag(given[0], terms))
    if part is not None:
        return _of_part(chosen, part, comparison, given, terms)
    if chosen.of is Of.MOMENT and comparison in {Comparison.EXACT, Comparison.IN}:
        return Condition(chosen.field, Comparison.WITHIN, tuple(_instant_or_day(each, terms) for each in given))
    return _of_whole(chosen.field, comparison, [_value(chosen, each, terms) for each in given])


def _of_whole(field: str, comparison: Comparison, found: list[Any]) -> Condition:
    if comparison in {Comparison.EXACT, Comparison.IN}:
        return Condition(field, Comparison.IN, tuple(each for each in found if each != _BEYOND))
    if comparison is Comparison.RANGE:
        return Condition(field, comparison, (found[0], found[1]))
    return Condition(field, comparison, found[0])


def _of_part(chosen: Filter, part: str, comparison: Comparison, given: list[str], terms: Terms) -> Condition:
    known = _PARTS[chosen.of][part]
    if part == "time":
        timed = _of_whole(chosen.field, comparison, [reading.time_of_day(each, terms) for each in given])
        return Condition(timed.field, timed.comparison, timed.value, part, offsets(terms.zone))
    read = _ordinal if part == "date" else _number
    within = bounds(comparison, tuple(read(each, terms) for each in given))
    if isinstance(known, Stretch):
        return Condition(chosen.field, Comparison.WITHIN, spans(known, within, terms))
    numbers = kept_numbers(known, within)
    clock = offsets(terms.zone) if chosen.of is Of.MOMENT else ()
    return Condition(chosen.field, Comparison.IN, numbers, known.kept, clock)


def _value(chosen: Filter, text: str, terms: Terms) -> Any:
    if chosen.choices and text not in chosen.choices:
        raise Unfit(f"must be one of {', '.join(chosen.choices)}")
    return _READERS[chosen.of](text, terms)


_BEYOND = reading.ID_LIMIT
"""Stands for all numbers that no database can hold: nothing has it."""


def _id(text: str, terms: Terms) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Unfit("must be an id")
    return _whole(text)


def _number(text: str, terms: Terms) -> int:
    if not re.fullmatch(r"[+-]?\d+", text.strip(), re.ASCII):
        raise Unfit("must be a whole number")
    return _whole(text.strip())


def _whole(digits: str) -> int:
    """At most as large as a database can hold: the length is looked at first, for Python refuses long numbers."""
    sign = -1 if digits.startswith("-") else 1
    bare = digits.lstrip("+-").lstrip("0") or "0"
    return sign * (min(int(bare), _BEYOND) if len(bare) < 20 else _BEYOND)


def _flag(text: str, terms: Terms) -> bool:
    return reading.flag({"1": "true", "0": "false"}.get(text, text), terms)


def _day(text: str) -> date:
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text.strip(), re.ASCII)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise Unfit("must be a date such as 2018-05-21")


def _ordinal(text: str, terms: Terms) -> int:
    return _day(text).toordinal()


_BARE_DATE = re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}\s*", re.ASCII)
_PLUS_LOST = re.compile(r"(?<=\d) (?=\d\d(:?\d\d)?$)", re.ASCII)
"""An unquoted plus sign of a URL arrives as a blank."""


def _moment(text: str, terms: Terms) -> int:
    """A date stands for its midnight."""
    if _BARE_DATE.fullmatch(text):
        return DAYS.begins(_ordinal(text, terms), terms)
    plus_found = _PLUS_LOST.sub("+", text.strip()) if ":" in text[:16] else text
    return reading.moment(plus_found, terms)


def _instant_or_day(text: str, terms: Terms) -> Span:
    if _BARE_DATE.fullmatch(text):
        ordinal = _ordinal(text, terms)
        return spans(DAYS, [(ordinal, ordinal)], terms)[0]
    at = _moment(text, terms)
    return at, at + 1


_READERS: Mapping[Of, Callable[[str, Terms], Any]] = {
    Of.ID: _id,
    Of.TEXT: reading.text,
    Of.NUMBER: _number,
    Of.FLAG: _flag,
    Of.DATE: lambda text, terms: stored_date(_day(text)),
    Of.TIME: reading.time_of_day,
    Of.MOMENT: _moment,
}
