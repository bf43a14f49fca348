"""What may be written of a task of the field, and how it is read."""

from collections.abc import Mapping
from typing import Any

from rota.domain.faults import Unfit, refuse
from rota.domain.field import reading
from rota.domain.field.reading import Field, Link, or_blank, or_null
from rota.domain.field.tasks import Status, TaskLocation
from rota.domain.field.terms import Terms

TARGET_LIMIT = 2**31 - 1
LOCATIONS_LIMIT = SEGMENT_RULES_LIMIT = 10_000
"""Of a task: it has no more occurrences."""


def rule_text(value: Any, terms: Terms) -> str | None:
    """A timing rule, not yet parsed; a blank one is none."""
    if not isinstance(value, str):
        raise Unfit("must be a text")
    return value if value.strip() else None


def expertise(value: Any, terms: Terms) -> int:
    """`'1'` to `'4'`, or the number."""
    if isinstance(value, bool) or str(value) not in {"1", "2", "3", "4"}:
        raise Unfit("must be one of 1, 2, 3, 4")
    return int(value)


def locations(value: Any, terms: Terms) -> tuple[TaskLocation, ...]:
    """Locations, each with its own rule and hours where its `meta` says so."""
    faults: list[Unfit] = []
    links = _few(reading.references(value, terms), LOCATIONS_LIMIT)
    found = [_location(at, link, terms, faults) for at, link in enumerate(links)]
    refuse(faults)
    return tuple(found)


def segment_rules(value: Any, terms: Terms) -> tuple[Link, ...]:
    return _few(reading.references(value, terms), SEGMENT_RULES_LIMIT)


def _few(links: tuple[Link, ...], most: int) -> tuple[Link, ...]:
    if len(links) > most:
        raise Unfit(f"may hold {most} at most")
    return links


def _location(at: int, link: Link, terms: Terms, faults: list[Unfit]) -> TaskLocation:
    found: dict[str, Any] = {}
    for name, (column, read) in _OWN.items():
        try:
            found[column] = or_null(read)(link.meta.get(name), terms)
        except Unfit as unfit:
            faults += unfit.within(at, "meta", name)
    return TaskLocation(link.id, **found)


_OWN: Mapping[str, tuple[str, reading.Reader]] = {
    "timing_rule": ("timing_rule", rule_text),
    "start": ("start_time", reading.time_of_day),
    "end": ("end_time", reading.time_of_day),
}

_TARGET = or_null(reading.whole(0, TARGET_LIMIT))

FIELDS: Mapping[str, Field] = {
    "name": Field("name", reading.name, required=True),
    "description": Field("description", or_blank(reading.text), default=""),
    "start": Field("start_at", or_null(reading.moment)),
    "end": Field("end_at", or_null(reading.moment)),
    "timing_rule": Field("timing_rule", or_null(rule_text)),
    "total_submission_target": Field("total_submission_target", _TARGET),
    "user_submission_target": Field("user_submission_target", _TARGET),
    "status": Field("status", reading.one_of(Status), default=Status.DRAFT.value),
    "estimated_time": Field("estimated_us", or_null(reading.duration)),
    "target_content_type": Field("target_content_type", reading.needed_reference, required=True),
    "target_id": Field("target_id", reading.whole(1, reading.ID_LIMIT), required=True),
    "required_expertise": Field("required_expertise", expertise, default=1),
    "amount": Field("amount", or_null(reading.amount)),
    "parent": Field("parent_id", reading.reference),
    "client": Field("client_id", reading.reference),
    "project": Field("project_id", reading.reference),
    "segment_rules": Field("segment_rules", segment_rules, default=()),
    "locations": Field("locations", locations, default=()),
}

REFERENCES: Mapping[str, str] = {
    "parent": "task",
    "client": "client",
    "project": "project",
    "segment_rules": "segment_rule",
    "locations": "location",
}
"""The kinds of records that fields refer to."""

TIMING = frozenset({"start_at", "end_at", "timing_rule", "locations"})
"""The columns that occurrences follow from."""
