"""Items of the desk: their statuses, the one table of moves between them, and where an item's time goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rota.domain.errors import (
    ItemNotActive,
    ItemNotQueued,
    ItemNotSuspended,
    NotYourItem,
    Refusal,
)


class Status(StrEnum):
    """Where an item stands: its state and, while somebody has it in hand, its work status in one word."""

    QUEUED = "queued"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    DELETED = "deleted"


class State(StrEnum):
    QUEUED = "queued"
    WORKED_ON = "worked on"
    DONE = "done"
    DELETED = "deleted"


class Completion(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"


class Verb(StrEnum):
    UPDATE = "update"
    DELETE = "delete"
    GRAB = "grab"
    SUSPEND = "suspend"
    ACTIVATE = "activate"
    RELEASE = "release"
    COMPLETE_SUCCESS = "complete-success"
    COMPLETE_FAILURE = "complete-failure"


MOVES: Mapping[tuple[Status, Verb], Status] = {
    (Status.QUEUED, Verb.UPDATE): Status.QUEUED,
    (Status.QUEUED, Verb.DELETE): Status.DELETED,
    (Status.QUEUED, Verb.GRAB): Status.ACTIVE,
    (Status.ACTIVE, Verb.SUSPEND): Status.SUSPENDED,
    (Status.ACTIVE, Verb.RELEASE): Status.QUEUED,
    (Status.ACTIVE, Verb.COMPLETE_SUCCESS): Status.COMPLETED,
    (Status.ACTIVE, Verb.COMPLETE_FAILURE): Status.COMPLETED,
    (Status.SUSPENDED, Verb.ACTIVATE): Status.ACTIVE,
    (Status.SUSPENDED, Verb.RELEASE): Status.QUEUED,
    (Status.SUSPENDED, Verb.COMPLETE_SUCCESS): Status.COMPLETED,
    (Status.SUSPENDED, Verb.COMPLETE_FAILURE): Status.COMPLETED,
}

STATES: Mapping[Status, State] = {
    Status.QUEUED: State.QUEUED,
    Status.ACTIVE: State.WORKED_ON,
    Status.SUSPENDED: State.WORKED_ON,
    Status.COMPLETED: State.DONE,
    Status.DELETED: State.DELETED,
}

COMPLETIONS: Mapping[Verb, Completion] = {
    Verb.COMPLETE_SUCCESS: Completion.SUCCESS,
    Verb.COMPLETE_FAILURE: Completion.FAILURE,
}

HELD = frozenset({Status.ACTIVE, Status.SUSPENDED})
"""Somebody has the item in hand: its holder."""

OF_THE_QUEUE = frozenset({Verb.UPDATE, Verb.DELETE, Verb.GRAB})
"""What is done to a queued item, by anybody; the other verbs are the holder's alone."""

STANDINGS: Mapping[Status, str] = {
    Status.ACTIVE: "being worked on",
    Status.SUSPENDED: "being worked on",
    Status.COMPLETED: "completed",
    Status.DELETED: "deleted",
}
"""How a person is told why an item is not in the queue."""


@dataclass(frozen=True, slots=True)
class Times:
    """Where an item's time went, in microseconds. The phase that began at `since` is not counted yet.

    `worked_us` and `suspended_us` are the holder's; what earlier holders spent before they released the item is in
    `rejected_us`. `since` is the end of the item's clock once it is completed or deleted.
    """

    since: int
    queued_us: int = 0
    worked_us: int = 0
    suspended_us: int = 0
    rejected_us: int = 0
    times_rejected: int = 0

    @property
    def total_us(self) -> int:
        return self.queued_us + self.worked_us + self.suspended_us + self.rejected_us


_COUNTER: Mapping[Status, str] = {
    Status.QUEUED: "queued_us",
    Status.ACTIVE: "worked_us",
    Status.SUSPENDED: "suspended_us",
}


def elapse(times: Times, status: Status, now: int) -> Times:
    """The times with the running phase counted up to `now`; a clock that was set back counts nothing."""
    counter = _COUNTER.get(status)
    if counter is None:
        return times
    now = max(now, times.since)
    return replace(times, since=now, **{counter: getattr(times, counter) + now - times.since})


def reject(times: Times) -> Times:
    """What the holder spent goes to the rejected time."""
    return replace(
        times,
        worked_us=0,
        suspended_us=0,
        rejected_us=times.rejected_us + times.worked_us + times.suspended_us,
        times_rejected=times.times_rejected + 1,
    )


@dataclass(frozen=True, slots=True)
class Item:
    """What a queue dialect calls a task. Times are microseconds since 1970 UTC, durations microseconds.

    `dated` tells that somebody gave the deadline. `blocks` counts the open items that this one was known to block
    when it was last written. The holder, and when it grabbed the item, stay known after completion.
    """

    id: int
    account_id: str
    title: str
    description: str
    instructions: str
    deadline: int
    dated: bool
    estimate_us: int
    priority: float
    tags: tuple[str, ...]
    properties: Mapping[str, str]
    blocks: int
    owner_id: int
    owner: str
    creator_id: int
    creator: str
    created_at: int
    modified_at: int
    times: Times
    status: Status = Status.QUEUED
    holder_id: int | None = None
    holder: str | None = None
    grabbed_at: int | None = None
    completed_at: int | None = None
    completion: Completion | None = None

    @property
    def state(self) -> State:
        return STATES[self.status]

    @property
    def is_held(self) -> bool:
        return self.status in HELD

    def held_by(self, user_id: int) -> bool:
        return self.is_held and self.holder_id == user_id

    @property
    def work_status(self) -> str | None:
        """`active` or `suspended` while held, the completion when done, else None."""
        return self.status.value if self.is_held else self.completion.value if self.completion else None

    def times_at(self, now: int) -> Times:
        """Where the time went up to now: `total_us` is then exactly `elapsed_us(now)`."""
        return elapse(self.times, self.status, now)

    def elapsed_us(self, now: int) -> int:
        """Since the item was added; until it was completed or deleted, if it was."""
        return self.times_at(now).since - self.created_at


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker who moves an item."""

    id: int
    email: str


def refusal(item: Item, verb: Verb, user_id: int) -> Refusal | None:
    """Why this user cannot do this to the item, or None."""
    if verb in OF_THE_QUEUE:
        return None if (item.status, verb) in MOVES else ItemNotQueued(item.id, verb.value, STANDINGS[item.status])
    if not item.held_by(user_id):
        return NotYourItem(item.id, verb.value)
    if (item.status, verb) in MOVES:
        return None
    return ItemNotSuspended(item.id) if verb is Verb.ACTIVATE else ItemNotActive(item.id)


def move(item: Item, verb: Verb, by: Holder, now: int) -> Item:
    """The item after the verb. Raises the refusal that says why not."""
    if refused := refusal(item, verb, by.id):
        raise refused
    times = item.times if verb is Verb.UPDATE else elapse(item.times, item.status, now)
    moved = replace(item, status=MOVES[item.status, verb], modified_at=max(now, item.modified_at), times=times)
    if verb is Verb.GRAB:
        return replace(moved, holder_id=by.id, holder=by.email, grabbed_at=times.since)
    if verb is Verb.RELEASE:
        return replace(moved, holder_id=None, holder=None, grabbed_at=None, times=reject(times))
    if verb in COMPLETIONS:
        return replace(moved, completed_at=times.since, completion=COMPLETIONS[verb])
    return moved


@dataclass(frozen=True, slots=True)
class Turn:
    """What a holder's verb did: to the item, and to the one that was put aside for it or resumed after it."""

    item: Item
    put_aside: Item | None = None
    resumed: Item | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """A closed stretch of an item's life. `user_id` is who held it or, of a queued phase, who took it out."""

    item: Item
    status: Status
    user_id: int | None
    started_at: int
    ended_at: int
    verb: Verb


def phase(before: Item, after: Item, verb: Verb) -> Phase:
    """What the move from one to the other closed."""
    user_id = before.holder_id if before.is_held else after.holder_id
    return Phase(before, before.status, user_id, before.times.since, after.times.since, verb)


@dataclass(frozen=True, slots=True)
class Worker:
    """A user of the desk. `logged_in_at` is when the latest shift began, None before the first."""

    id: int
    email: str
    logged_in_at: int | None
    on_shift: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the desk's log: who did what, to which item if to one."""

    id: int
    at: int
    kind: str
    user: str | None
    item_id: int | None
    facts: Mapping[str, object] = field(default_factory=dict)
