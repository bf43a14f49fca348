"""Writes the moves of items: the step itself, the phase that it ended, and its line of the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rota.domain.accounts import Actor
from rota.domain.errors import ItemNotFound
from rota.domain.events import Event, Kind
from rota.domain.items import Completion, Holder, Item, Status, Times, Verb, move, phase
from rota.operations.events import written
from rota.store.port import Row, Tx

KINDS: Mapping[Verb, Kind] = {
    Verb.UPDATE: Kind.ITEM_UPDATED,
    Verb.DELETE: Kind.ITEM_DELETED,
    Verb.GRAB: Kind.ITEM_GRABBED,
    Verb.SUSPEND: Kind.ITEM_SUSPENDED,
    Verb.ACTIVATE: Kind.ITEM_ACTIVATED,
    Verb.RELEASE: Kind.ITEM_RELEASED,
    Verb.COMPLETE_SUCCESS: Kind.ITEM_SUCCEEDED,
    Verb.COMPLETE_FAILURE: Kind.ITEM_FAILED,
}
"""What the log says of each move."""


@dataclass(frozen=True, slots=True)
class Step:
    """A move of one item; `facts` are for the log."""

    before: Item
    after: Item
    verb: Verb
    facts: Mapping[str, Any] = field(default_factory=dict)


def step(item: Item, verb: Verb, actor: Actor, now: int, **facts: Any) -> Step:
    """The move, not yet written. Raises the refusal that says why not."""
    return Step(item, move(item, verb, Holder(actor.user.id, actor.user.email), now), verb, facts)


def write(tx: Tx, actor: Actor, *steps: Step) -> None:
    """Write the moves of one worker, in their order. Raises ItemNotFound when an item is not as it was read: what a
    worker holds is only ever changed under the lock of their shift, or purged."""
    (changed,) = tx.together(("item_move", [_move(each) for each in steps]))
    if changed != len(steps):
        raise ItemNotFound(steps[-1].before.id)
    tx.together(*_told(actor, steps))


def write_locked(tx: Tx, actor: Actor, steps: Sequence[Step]) -> None:
    """Write the moves of a batch of items that are locked."""
    tx.batch("item_move", [_move(each) for each in steps])
    for statement, rows in _told(actor, steps):
        tx.batch(statement, rows)


def subject(item_id: int) -> str:
    """How the log names an item."""
    return f"item:{item_id}"


def item_id_of(subject: str) -> int | None:
    """The item that the log names so; None for another thing."""
    named = subject.removeprefix("item:")
    return int(named) if named != subject else None


def event(actor: Actor, kind: Kind, item: Item, facts: Mapping[str, Any] | None = None) -> Event:
    """What made the item what it is, at the time of that: whoever had to wait for the item had looked at the clock
    before, and comes after whom they waited for."""
    return Event(item.modified_at, kind, item.account_id, subject(item.id), actor.user.id, dict(facts or {}))


def from_row(row: Row) -> Item:
    return Item(
        id=row["id"],
        account_id=row["account_id"],
        title=row["title"],
        description=row["description"],
        instructions=row["instructions"],
        deadline=row["deadline"],
        dated=bool(row["dated"]),
        estimate_us=row["estimate_us"],
        priority=row["priority"],
        tags=tuple(row["tags"].split()),
        properties=msgspec.json.decode(row["properties"], type=dict[str, str]),
        blocks=row["blocks"],
        owner_id=row["owner_id"],
        owner=row["owner"],
        creator_id=row["creator_id"],
        creator=row["creator"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        times=Times(
            row["since"],
            row["queued_us"],
            row["worked_us"],
            row["suspended_us"],
            row["rejected_us"],
            row["times_rejected"],
        ),
        status=Status(row["status"]),
        holder_id=row["holder_id"],
        holder=row["holder"],
        grabbed_at=row["grabbed_at"],
        completed_at=row["completed_at"],
        completion=Completion(row["completion"]) if row["completion"] else None,
    )


def _told(actor: Actor, steps: Sequence[Step]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The statements that write down what the steps ended, and that they happened."""
    events = [event(actor, KINDS[each.verb], each.after, each.facts) for each in steps]
    return [("phase_insert", [_phase(each) for each in steps]), written(events)]


def _move(each: Step) -> dict[str, Any]:
    item, times = each.after, each.after.times
    return {
        "id": item.id,
        "from_status": each.before.status.value,
        "from_since": each.before.times.since,
        "to_status": item.status.value,
        "holder_id": item.holder_id,
        "grabbed_at": item.grabbed_at,
        "completed_at": item.completed_at,
        "completion": item.completion.value if item.completion else None,
        "modified_at": item.modified_at,
        "since": times.since,
        "queued_us": times.queued_us,
        "worked_us": times.worked_us,
        "suspended_us": times.suspended_us,
        "rejected_us": times.rejected_us,
        "times_rejected": times.times_rejected,
    }


def _phase(each: Step) -> dict[str, Any]:
    ended = phase(each.before, each.after, each.verb)
    return {
        "item_id": ended.item.id,
        "account_id": ended.item.account_id,
        "owner_id": ended.item.owner_id,
        "user_id": ended.user_id,
        "status": ended.status.value,
        "started_at": ended.started_at,
        "ended_at": ended.ended_at,
        "verb": ended.verb.value,
    }
