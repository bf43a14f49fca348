"""The closed list of what can happen. An event is written in the transaction of the change that it tells of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    ACCOUNT_CREATED = "account.created"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    TOKEN_CREATED = "token.created"
    TOKEN_REVOKED = "token.revoked"
    JOB_CREATED = "job.created"
    JOB_STARTED = "job.started"
    JOB_STOPPING = "job.stop_requested"
    JOB_ENDED = "job.ended"
    JOB_DELETED = "job.deleted"
    CHUNK_TAKEN_OVER = "chunk.taken_over"
    CHUNK_HALVED = "chunk.halved"
    CHUNK_SETTLED = "chunk.settled"
    ITEM_ADDED = "item.added"
    ITEM_UPDATED = "item.updated"
    ITEM_DELETED = "item.deleted"
    ITEM_PEEKED = "item.peeked"
    ITEM_GRABBED = "item.grabbed"
    ITEM_SUSPENDED = "item.suspended"
    ITEM_ACTIVATED = "item.activated"
    ITEM_RELEASED = "item.released"
    ITEM_SUCCEEDED = "item.succeeded"
    ITEM_FAILED = "item.failed"
    ITEM_PURGED = "item.purged"
    SHIFT_STARTED = "shift.started"
    SHIFT_ENDED = "shift.ended"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_ROTATED = "webhook.rotated"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_DELETED = "webhook.deleted"
    CLIENT_CREATED = "client.created"
    CLIENT_CHANGED = "client.changed"
    CLIENT_DELETED = "client.deleted"
    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    PROJECT_DELETED = "project.deleted"
    LOCATION_TYPE_CREATED = "location_type.created"
    LOCATION_TYPE_CHANGED = "location_type.changed"
    LOCATION_TYPE_DELETED = "location_type.deleted"
    LOCATION_CREATED = "location.created"
    LOCATION_CHANGED = "location.changed"
    LOCATION_DELETED = "location.deleted"
    FORM_CREATED = "form.created"
    FORM_CHANGED = "form.changed"
    FORM_DELETED = "form.deleted"
    SEGMENT_RULE_CREATED = "segment_rule.created"
    SEGMENT_RULE_CHANGED = "segment_rule.changed"
    SEGMENT_RULE_DELETED = "segment_rule.deleted"
    TASK_CREATED = "task.created"
    TASK_CHANGED = "task.changed"
    TASK_DELETED = "task.deleted"
    TASK_EXTENDED = "task.extended"
    BOUNTY_CREATED = "bounty.created"
    SUBMISSION_CREATED = "submission.created"
    SUBMISSION_CHANGED = "submission.changed"
    SUBMISSION_DELETED = "submission.deleted"


DESK = frozenset(kind for kind in Kind if kind.startswith(("item.", "shift."))) - {Kind.ITEM_PURGED}
"""What the desk's log tells. Of a purge nothing is told: it removes an item and all that was said of it."""


@dataclass(frozen=True, slots=True)
class Event:
    """`subject` is the thing that changed, as `job:ID`; `at` is microseconds since 1970 UTC."""

    at: int
    kind: Kind
    account_id: str
    subject: str
    user_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
