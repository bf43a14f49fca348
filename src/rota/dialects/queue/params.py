"""What a request's query and path say: one reader for each parameter, and all faults at once."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import falcon

from rota.domain.errors import InvalidFields, ItemNotFound
from rota.domain.events import DESK, Kind
from rota.domain.items import Status

MOST = 1000
MOST_ID = 10**18 - 1
LIMIT = 100
SECOND = 1_000_000
MOST_SECONDS = 10_000_000_000
"""Of a duration, and of a moment since 1970."""

Reader = Callable[[str], Any]
"""Raises ValueError, whose text is the sentence about the value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"([0-9]{1,18})(\.0+)?")
_SECONDS = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")

ACTIONS: Mapping[Kind, str] = {
    Kind.ITEM_ADDED: "add",
    Kind.ITEM_UPDATED: "update",
    Kind.ITEM_DELETED: "delete",
    Kind.ITEM_PEEKED: "peek",
    Kind.ITEM_GRABBED: "grab",
    Kind.ITEM_SUSPENDED: "suspend",
    Kind.ITEM_ACTIVATED: "activate",
    Kind.ITEM_RELEASED: "release",
    Kind.ITEM_SUCCEEDED: "complete-success",
    Kind.ITEM_FAILED: "complete-failure",
    Kind.SHIFT_STARTED: "login",
    Kind.SHIFT_ENDED: "logout",
}
"""What this dialect calls an event of the desk."""

assert ACTIONS.keys() == DESK

EVENT_TYPES: Mapping[str, tuple[Kind, ...]] = {
    "loginout": (Kind.SHIFT_STARTED, Kind.SHIFT_ENDED),
    **{action: (kind,) for kind, action in ACTIONS.items()},
}
"""What `type=` may be, and which kinds of events it means."""


def text(value: str) -> str:
    return value


def email(value: str) -> str:
    """No address holds a space: it is a plus sign that nobody has quoted."""
    return value.replace(" ", "+")


def whole(least: int, most: int, sentence: str = "") -> Reader:
    """Also as 30.0, which JSON calls a whole number."""

    def read(value: str) -> int:
        match = _NUMBER.fullmatch(value)
        if match is None or not least <= int(match[1]) <= most:
            raise ValueError(sentence or f"must be a whole number from {least} to {most}")
        return int(match[1])

    return read


def one_of(words: Iterable[str]) -> Reader:
    allowed = list(words)

    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return read


def flag(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value.lower() == "true"


def seconds(value: str) -> int:
    """A duration, in microseconds."""
    if not _SECONDS.fullmatch(value) or float(value) > MOST_SECONDS:
        raise ValueError(f"must be a number of seconds from 0 to {MOST_SECONDS}")
    return round(float(value) * SECOND)


def moment(value: str) -> int:
    """ISO 8601 (UTC where no offset is given) or seconds since 1970, in microseconds since then."""
    try:
        # A plus sign that nobody has quoted arrives as a space.
        when = datetime.fromisoformat(value.strip().replace(" ", "+") if "T" in value else value)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        return (when - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        pass
    try:
        return seconds(value)
    except ValueError:
        raise ValueError("is neither an ISO 8601 time, such as 2015-11-20T17:31:33Z, nor a number of seconds") from None


STATUS = one_of(Status)
EVENT_TYPE = one_of(EVENT_TYPES)
COUNT = whole(1, MOST)
TASK = whole(0, MOST_ID, "must be the number of a task")
EVENT = whole(0, MOST_ID, "must be the number of an event")


def query(req: falcon.Request, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The values of the query, read; a blank one counts as not given.

    Raises InvalidFields with all faults; a parameter that is not known here, or is given twice, is one.
    """
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, given in req.params.items():
        if name not in readers:
            faults[name] = "is not a parameter of this path"
        elif isinstance(given, list):
            faults[name] = "is given more than once"
        elif given:
            try:
                values[name] = readers[name](given)
            except ValueError as fault:
                faults[name] = str(fault)
    if faults:
        raise InvalidFields(faults)
    return values


def interval(values: Mapping[str, Any]) -> dict[str, Any]:
    """`from` and `to` as the statistics take them. Raises InvalidFields when there is nothing between them."""
    since, until = values.get("from", 0), values.get("to")
    if until is not None and until < since:
        raise InvalidFields({"to": "is before from"})
    return {"since": since, "until": until}


def task_id(word: str) -> int:
    """The number of a task in a path. Raises ItemNotFound for what can be none."""
    if not _ID.fullmatch(word):
        raise ItemNotFound(word)
    return int(word)
