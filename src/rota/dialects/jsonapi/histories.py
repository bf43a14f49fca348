"""How the log's facts about a task are told: by the names, and in the forms, that the task's document has."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rota.dialects.jsonapi import texts
from rota.dialects.jsonapi.documents import Document
from rota.dialects.jsonapi.resource import Attribute, Relationship
from rota.dialects.jsonapi.resources import TASK
from rota.domain.field.terms import Terms, moment_at
from rota.operations.field.history import Entry

Facts = Mapping[str, Any]

_KEPT_FOR_THE_RULE = frozenset({"zone", "start_given", "end_given"})
"""What is kept of a task only because its times follow from it."""

_FIELDS: tuple[Attribute | Relationship, ...] = (*TASK.attributes, *TASK.relationships)

_NAMES: Mapping[str, str] = {
    each.source: each.name for each in _FIELDS if each.writable and isinstance(each.source, str) and each.source
}
"""Of what is kept by another name."""


def event(entry: Entry, terms: Terms) -> Document:
    """A resource object of the type Event."""
    attributes = {
        "at": moment_at(entry.at, terms),
        "kind": entry.kind,
        "user": entry.user,
        "before": _told(entry.before, terms),
        "after": _told(entry.after, terms),
    }
    return {"type": "Event", "id": str(entry.id), "attributes": attributes}


def _told(facts: Facts | None, terms: Terms) -> Document | None:
    if facts is None:
        return None
    told = dict(_pairs(facts, terms))
    if "currency" in told:
        told["amount"] = texts.amount(told["amount"], told.pop("currency"))
    return told


def _pairs(facts: Facts, terms: Terms) -> Iterator[tuple[str, Any]]:
    for kept, value in facts.items():
        if kept not in _KEPT_FOR_THE_RULE:
            name = _NAMES.get(kept, kept)
            yield name, value if value is None else _FORMS.get(name, _as_it_is)(value, terms)


def _as_it_is(value: Any, terms: Terms) -> Any:
    return value


def _moment(value: int, terms: Terms) -> Any:
    return moment_at(value, terms)


def _duration(value: int, terms: Terms) -> str:
    (text,) = texts.duration(terms)([value])
    return str(text)


def _locations(value: list[Any], terms: Terms) -> list[Any]:
    return [_location(each) if isinstance(each, dict) else each for each in value]


def _location(own: Facts) -> Document:
    return {
        "location": own["location"],
        "timing_rule": own.get("timing_rule"),
        "start": texts.time_of_day(own.get("start_time")),
        "end": texts.time_of_day(own.get("end_time")),
    }


_FORMS: Mapping[str, Callable[[Any, Terms], Any]] = {
    "start": _moment,
    "end": _moment,
    "estimated_time": _duration,
    "required_expertise": lambda value, terms: str(value),
    "locations": _locations,
}
