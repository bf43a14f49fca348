"""Segment rules: to whom, and where, a task is offered; and how one is written."""

from collections.abc import Mapping
from typing import Any

import msgspec

from rota.domain.faults import Fault, Unfit
from rota.domain.field import reading
from rota.domain.field.contents import Content
from rota.domain.field.reading import Field, or_blank
from rota.domain.field.terms import Terms

TARGET_FIELDS: Mapping[int, tuple[str, ...]] = {
    Content.USER: ("id", "email", "name", "role", "expertise"),
    Content.LOCATION: (
        *("id", "name", "country", "description"),
        *("parent", "parent_name", "location_type", "location_type_name"),
    ),
}
"""What a rule may look at, of a user and of a location."""


class SegmentRule(msgspec.Struct, frozen=True, gc=False):
    """A user (content type 13) or a location (15) matches whose `target_field` is, as a text, the value."""

    id: int
    name: str
    description: str
    target_content_type: int
    target_field: str
    target_field_value: str
    active: bool
    created_at: int
    modified_at: int


def _content_type(value: Any, terms: Terms) -> int:
    found = reading.reference(value, terms)
    if found is None or found not in TARGET_FIELDS:
        raise Unfit("must be 13, for users, or 15, for locations")
    return found


def _value(value: Any, terms: Terms) -> str:
    """A text; a number or a truth as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _numeral(value)
    return reading.name(value, terms)


def _numeral(number: float) -> str:
    if not abs(number) < reading.ID_LIMIT:
        raise Unfit("must be a text, or a number that a field can hold")
    return str(int(number) if number == int(number) else number)


FIELDS: Mapping[str, Field] = {
    "name": Field("name", reading.name, required=True),
    "description": Field("description", or_blank(reading.text), default=""),
    "target_content_type": Field("target_content_type", _content_type, required=True),
    "target_field": Field("target_field", reading.name, required=True),
    "target_field_value": Field("target_field_value", _value, required=True),
    "active": Field("active", reading.flag, default=True),
}


def field_faults(values: Mapping[str, Any]) -> list[Fault]:
    """The field must be one of those that a user, or a location, has."""
    known = TARGET_FIELDS.get(values["target_content_type"], ())
    if not known or values["target_field"] is None or values["target_field"] in known:
        return []
    return [Fault(("target_field",), f"must be one of {', '.join(known)}")]
