"""An answer to a task, as it is kept and judged."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


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


class Counter(StrEnum):
    """The columns in which a task counts its submissions."""

    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"


COUNTERS: Mapping[Status, Counter] = {
    Status.APPROVED: Counter.APPROVED,
    Status.REJECTED: Counter.REJECTED,
    Status.UNDER_REVIEW: Counter.PENDING,
    Status.PENDING: Counter.PENDING,
}


class Payment(StrEnum):
    """What a review does to the ledger."""

    NONE = "none"
    PAY = "pay"
    TAKE_BACK = "take back"


PAYMENTS: Mapping[tuple[Status, Status], Payment] = {
    (Status.APPROVED, Status.APPROVED): Payment.NONE,
    (Status.APPROVED, Status.REJECTED): Payment.TAKE_BACK,
    (Status.APPROVED, Status.UNDER_REVIEW): Payment.TAKE_BACK,
    (Status.APPROVED, Status.PENDING): Payment.TAKE_BACK,
    (Status.REJECTED, Status.APPROVED): Payment.PAY,
    (Status.REJECTED, Status.REJECTED): Payment.NONE,
    (Status.REJECTED, Status.UNDER_REVIEW): Payment.NONE,
    (Status.REJECTED, Status.PENDING): Payment.NONE,
    (Status.UNDER_REVIEW, Status.APPROVED): Payment.PAY,
    (Status.UNDER_REVIEW, Status.REJECTED): Payment.NONE,
    (Status.UNDER_REVIEW, Status.UNDER_REVIEW): Payment.NONE,
    (Status.UNDER_REVIEW, Status.PENDING): Payment.NONE,
    (Status.PENDING, Status.APPROVED): Payment.PAY,
    (Status.PENDING, Status.REJECTED): Payment.NONE,
    (Status.PENDING, Status.UNDER_REVIEW): Payment.NONE,
    (Status.PENDING, Status.PENDING): Payment.NONE,
}
"""Every review that there is, from one status to another, and what follows from it."""


class Submission(msgspec.Struct, frozen=True, gc=False):
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
