"""Segment rules: to whom, and where, a task is offered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SegmentRule:
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
