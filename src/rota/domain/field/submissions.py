"""An answer to a task, as it is kept and judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    APPROVED = "a"
    REJECTED = "b"
    UNDER_REVIEW = "c"
    PENDING = "d"


STATUS_NAMES: Mapping[Status, str] = {
    Status.APPROVED: "Approved",
    Status.REJECTED: "Rejected",
    Status.UNDER_REVIEW: "Under review",
    Status.PENDING: "Pending",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """`valid` says that it passed every check when it came. `data` is the answers, JSON text. `paid` is hundredths."""

    id: int
    task_id: int
    user_id: int
    location_id: int | None
    bounty_id: int | None
    submitted_at: int
    valid: bool
    status: Status
    comments: str
    data: str
    longitude: float | None
    latitude: float | None
    target_id: int
    paid: int
    created_at: int
    modified_at: int
