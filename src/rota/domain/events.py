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


@dataclass(frozen=True, slots=True)
class Event:
    """`subject` is the thing that changed, as `job:ID`; `at` is microseconds since 1970 UTC."""

    at: int
    kind: Kind
    account_id: str
    subject: str
    user_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
