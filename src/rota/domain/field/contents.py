"""What a task may be about: the closed list of content types, whose ids are part of the published API."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Content(IntEnum):
    USER = 13
    SUBMISSION = 14
    LOCATION = 15
    FORM = 16
    JOB = 17


@dataclass(frozen=True, slots=True)
class ContentType:
    id: int
    app_label: str
    model: str


CONTENT_TYPES: Mapping[int, ContentType] = {
    each.id: each
    for each in (
        ContentType(Content.USER, "accounts", "user"),
        ContentType(Content.SUBMISSION, "field", "submission"),
        ContentType(Content.LOCATION, "field", "location"),
        ContentType(Content.FORM, "field", "form"),
        ContentType(Content.JOB, "jobs", "job"),
    )
}
