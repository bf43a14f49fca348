"""A task of the field as it is kept: what is to be done, where, when, by whom, and what it pays."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Status(StrEnum):
    ACTIVE = "a"
    DEACTIVATED = "b"
    EXPIRED = "c"
    DRAFT = "d"
    ARCHIVED = "e"
    SCHEDULED = "s"


STATUS_NAMES: Mapping[Status, str] = {each: each.name.capitalize() for each in Status}

EXPERTISE_NAMES: Mapping[int, str] = {1: "Beginner", 2: "Intermediate", 3: "Advanced", 4: "Expert"}


class TaskLocation(msgspec.Struct, frozen=True, gc=False):
    """A location of a task. Its own rule and hours (microseconds since midnight) stand for the task's where given."""

    location_id: int
    timing_rule: str | None = None
    start_time: int | None = None
    end_time: int | None = None


class Task(msgspec.Struct, frozen=True, gc=False):
    """Moments are microseconds since 1970 UTC, amounts hundredths of the currency.

    The current bounty is the newest; `paid` is what approved submissions were paid. `occurrences_cut` says that the
    rule names more occurrences than are kept. `pending_count` counts those that are pending or under review.
    """

    id: int
    name: str
    description: str
    start_at: int
    end_at: int | None
    timing_rule: str | None
    estimated_us: int | None
    total_submission_target: int | None
    user_submission_target: int | None
    status: Status
    required_expertise: int
    target_content_type: int
    target_id: int
    form_title: str | None
    form_id_string: str | None
    parent_id: int | None
    client_id: int | None
    project_id: int | None
    created_by: int
    created_by_name: str
    created_at: int
    modified_at: int
    bounty_id: int | None
    bounty_amount: int | None
    submission_count: int
    approved_count: int
    pending_count: int
    rejected_count: int
    paid: int
    occurrence_count: int
    occurrences_cut: bool
    segment_rules: tuple[int, ...] = ()
    locations: tuple[TaskLocation, ...] = ()
