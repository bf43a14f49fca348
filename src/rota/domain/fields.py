"""What a person may write about an item: one table from a field to how it is read, all faults at once."""

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

SECOND = 1_000_000
TITLE_LIMIT = 1_000
TEXT_LIMIT = 64 * 1024
TAG_LIMIT = 100
TAGS_LIMIT = 100
PROPERTIES_LIMIT = 100
PROPERTY_NAME_LIMIT = 100
PRIORITY_LIMIT = 1e9
ESTIMATE_LIMIT = 10 * 365 * 86_400 * SECOND
DEFAULT_ESTIMATE = 3_600 * SECOND
DEFAULT_DEADLINE = 86_400 * SECOND
ASAP = 0
"""The deadline of an item that is wanted as soon as possible: now and the estimate."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
DEADLINE_LIMIT = (_LAST - _EPOCH) // _MICROSECOND


class _Fault(Exception):
    """Why a value cannot be taken."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What was written, checked. `deadline` is microseconds since 1970, ASAP, or None when nobody gave one."""

    title: str
    description: str = ""
    deadline: int | None = None
    estimate_us: int = DEFAULT_ESTIMATE
    owner: str | None = None
    tags: tuple[str, ...] = ()
    priority: float = 0.0
    instructions: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    def deadline_at(self, now: int) -> int:
        if self.deadline is None:
            return now + DEFAULT_DEADLINE
        return self.deadline or now + self.estimate_us

    @property
    def blocks(self) -> tuple[int, ...]:
        """The ids in the property `blocks`; words that are no ids do not count."""
        words = self.properties.get("blocks", "").split()
        return tuple({int(word): None for word in words if word.isascii() and word.isdigit() and len(word) < 19})


def read_fields(given: Mapping[str, Any]) -> Fields | dict[str, str]:
    """The fields, with defaults for what is missing, or a sentence for each field that cannot be taken.

    `state` may be given as `queued`, which every new item is.
    """
    values: dict[str, Any] = {}
    faults = {name: "is not a field that can be written" for name in given if name not in READERS}
    for name, value in given.items():
        if name in READERS:
            try:
                values[name] = READERS[name](value)
            except _Fault as fault:
                faults[name] = str(fault)
    if "title" not in given:
        faults["title"] = "is missing"
    if faults:
        return faults
    values.pop("state", None)
    if "estimate" in values:
        values["estimate_us"] = values.pop("estimate")
    return Fields(**values)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _Fault("is not a string")
    return value


def _clean(text: str, allowed: str = "") -> str:
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in allowed for char in text):
        raise _Fault("holds control characters")
    return text


def _title(value: Any) -> str:
    text = _clean(_string(value))
    if not text.strip():
        raise _Fault("is blank")
    if len(text) > TITLE_LIMIT:
        raise _Fault(f"is longer than {TITLE_LIMIT} characters")
    return text


def _text(value: Any) -> str:
    text = _clean(_string(value), "\t\n\r")
    if len(text.encode()) > TEXT_LIMIT:
        raise _Fault(f"is longer than {TEXT_LIMIT // 1024} KiB")
    return text


def _number(value: Any) -> float:
    # True and False are ints to Python, and nobody means them; an int too large for a float is no number to sort by.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault("is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Fault("is not a finite number")
    return number


def _priority(value: Any) -> float:
    number = _number(value)
    if abs(number) > PRIORITY_LIMIT:
        raise _Fault(f"is beyond {PRIORITY_LIMIT:.0f}")
    return number + 0.0


def _estimate(value: Any) -> int:
    number = _number(value)
    if number <= 0:
        raise _Fault("must be more than 0 seconds")
    if number * SECOND > ESTIMATE_LIMIT:
        raise _Fault("is longer than 10 years")
    return max(1, round(number * SECOND))


def _deadline(value: Any) -> int:
    if isinstance(value, str):
        return _date(value)
    number = _number(value)
    if number <= 0:
        return ASAP
    if number * SECOND > DEADLINE_LIMIT:
        raise _Fault("is after the year 9999: a number must be seconds since 1970")
    return max(1, round(number * SECOND))


def _date(text: str) -> int:
    """ISO 8601; without an offset it is UTC."""
    try:
        when = datetime.fromisoformat(text.strip())
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        raise _Fault("is not between the years 1970 and 9999") from None
    except ValueError:
        raise _Fault("is neither an ISO 8601 time, such as 2015-11-20T17:31:33Z, nor a number of seconds") from None
    if not _EPOCH < when <= _LAST:
        raise _Fault("is not between the years 1970 and 9999")
    return (when - _EPOCH) // _MICROSECOND


def _owner(value: Any) -> str:
    text = _clean(_string(value)).strip()
    if not text:
        raise _Fault("is blank")
    return text


def _tags(value: Any) -> tuple[str, ...]:
    """In the order given, each once."""
    tags = value.split() if isinstance(value, str) else value
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise _Fault("is neither a string of words nor a list of strings")
    if len(tags) > TAGS_LIMIT:
        raise _Fault(f"holds more than {TAGS_LIMIT} tags")
    for tag in tags:
        if len(tag) > TAG_LIMIT:
            raise _Fault(f"holds a tag longer than {TAG_LIMIT} characters")
        if tag.split() != [tag]:
            raise _Fault("holds a tag that is empty or holds white space")
        _clean(tag)
    return tuple(dict.fromkeys(tags))


def _properties(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for pair in value.items() for part in pair):
        raise _Fault("is not an object of strings")
    if len(value) > PROPERTIES_LIMIT:
        raise _Fault(f"holds more than {PROPERTIES_LIMIT} properties")
    for name, text in value.items():
        if not name or len(_clean(name)) > PROPERTY_NAME_LIMIT:
            raise _Fault(f"holds a name that is empty or longer than {PROPERTY_NAME_LIMIT} characters")
        _text(text)
    if sum(len(text.encode()) for text in value.values()) > TEXT_LIMIT:
        raise _Fault(f"is longer than {TEXT_LIMIT // 1024} KiB")
    return dict(value)


def _state(value: Any) -> str:
    if value != "queued":
        raise _Fault("can only be written as queued")
    return "queued"


READERS: Mapping[str, Callable[[Any], Any]] = {
    "title": _title,
    "description": _text,
    "deadline": _deadline,
    "estimate": _estimate,
    "owner": _owner,
    "tags": _tags,
    "priority": _priority,
    "instructions": _text,
    "properties": _properties,
    "state": _state,
}
"""Every field that may be written."""
