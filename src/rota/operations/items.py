"""Items of the desk, as one person sees and writes them: everybody those of their own account, and no others.

Batches are in item_batches.py; what a worker does with an item in hand is in holding.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rota.domain.accounts import Actor, email_fault
from rota.domain.errors import Forbidden, ItemNotFound
from rota.domain.events import Event, Kind
from rota.domain.fields import SECOND
from rota.domain.items import Item, Line, Status, Times
from rota.domain.urgency import Term, explain
from rota.operations.events import record
from rota.operations.item_batches import add_all, delete_all, known_id, only, update_all
from rota.operations.log import recent
from rota.operations.moves import from_row, subject
from rota.operations.urgency import weights_of
from rota.store.port import Tx

QUEUED_LIMIT = 100
HISTORY_LIMIT = 100_000
"""Lines of one item's history: more than a life has, and fewer than would fill the memory."""


@dataclass(frozen=True, slots=True)
class History:
    """All that the log says of an item, in its order, and where its time has gone up to now."""

    item: Item
    lines: list[Line]
    times: Times
    elapsed_us: int


def add(tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> Item:
    """A new item in the queue. `given` is what a person wrote: see domain/fields.py. Raises InvalidFields."""
    return only(add_all(tx, actor, [given], now=now))


def update(tx: Tx, actor: Actor, item_id: int, given: Mapping[str, Any], *, now: int) -> Item:
    """Write a queued item anew, with defaults for what is missing; its tags stay, whatever is given.

    Raises ItemNotFound, ItemNotQueued or InvalidFields, in that order.
    """
    return only(update_all(tx, actor, [(item_id, given)], now=now))


def amend(tx: Tx, actor: Actor, item_id: int, changes: Mapping[str, Any], *, now: int) -> Item:
    """Write some fields of a queued item anew; the others stay. Raises as `update` does."""
    if known_id(item_id):
        # Kept from others before it is read: what they change meanwhile must not be written back.
        tx.all("items_lock", account_id=actor.account.id, ids=f"[{item_id}]")
    item = by_id(tx, actor, item_id)
    return update(tx, actor, item_id, {**_as_given(item), **changes}, now=now)


def delete(tx: Tx, actor: Actor, item_id: int, *, now: int) -> Item:
    """Take an item out of the queue for good. Raises ItemNotFound, ItemNotQueued."""
    return only(delete_all(tx, actor, [item_id], now=now))


def purge(tx: Tx, actor: Actor, item_id: int, *, now: int) -> None:
    """Remove an item, wherever it stands, with its past and all that the log says of it. Raises Forbidden for all but
    superusers, and ItemNotFound."""
    if not actor.user.superuser:
        raise Forbidden
    account_id = actor.account.id
    if not known_id(item_id) or not tx.run("item_delete", id=item_id, account_id=account_id):
        raise ItemNotFound(item_id)
    tx.run("deliveries_of_subject_delete", subject=subject(item_id))
    tx.run("events_delete", subject=subject(item_id))
    record(tx, Event(now, Kind.ITEM_PURGED, account_id, f"account:{account_id}", actor.user.id, {"item": item_id}))


def by_id(tx: Tx, actor: Actor, item_id: int) -> Item:
    """Raises ItemNotFound, for another account's item too."""
    row = tx.one("item_by_id", id=item_id, account_id=actor.account.id) if known_id(item_id) else None
    if row is None:
        raise ItemNotFound(item_id)
    return from_row(row)


def page(
    tx: Tx,
    actor: Actor,
    *,
    status: Status | None = None,
    owner: str | None = None,
    tag: str | None = None,
    limit: int = 100,
) -> list[Item]:
    """Items by priority, then urgency: those of a status, or all but the deleted. An unknown owner has none."""
    tests: dict[str, Any] = {"status": status.value} if status else {"present": True}
    if owner is not None:
        owner_id = _user_id(tx, owner)
        if owner_id is None:
            return []
        tests["owner_id"] = owner_id
    if tag is not None:
        tests["tag"] = tag.replace("\0", "")
    return [from_row(row) for row in tx.page("items_page", tests, account_id=actor.account.id, limit=limit)]


def queued(tx: Tx, actor: Actor) -> list[Item]:
    """At most 100 queued items, by priority, then urgency."""
    return page(tx, actor, status=Status.QUEUED, limit=QUEUED_LIMIT)


def available(tx: Tx, actor: Actor, limit: int = 1, *, now: int) -> list[Item]:
    """The most urgent items of the queue, the most urgent first. The log is told who peeked, and at which."""
    rows = tx.all("items_urgent", account_id=actor.account.id, limit=limit)
    items = [from_row(row) for row in rows]
    facts = {"items": [item.id for item in items]}
    user = actor.user
    record(tx, Event(now, Kind.ITEM_PEEKED, actor.account.id, f"user:{user.id}", user.id, facts))
    return items


def history(tx: Tx, actor: Actor, item_id: int, *, now: int) -> History:
    """Raises ItemNotFound."""
    item = by_id(tx, actor, item_id)
    lines = recent(tx, actor, item_id=item_id, limit=HISTORY_LIMIT)
    return History(item, lines, item.times_at(now), item.elapsed_us(now))


def why(tx: Tx, actor: Actor, item_id: int, *, now: int) -> list[Term]:
    """The terms of the item's urgency at `now`. Raises ItemNotFound."""
    item = by_id(tx, actor, item_id)
    _, weights = weights_of(tx)
    return explain(item, weights, now)


def _user_id(tx: Tx, email: str) -> int | None:
    row = None if email_fault(email) else tx.one("user_by_email", email=email.lower())
    return row["id"] if row else None


def _as_given(item: Item) -> dict[str, Any]:
    """What a person would have written to get the item."""
    return {
        "title": item.title,
        "description": item.description,
        "instructions": item.instructions,
        "estimate": item.estimate_us / SECOND,
        "priority": item.priority,
        "owner": item.owner,
        "properties": item.properties,
        "deadline": item.deadline / SECOND,
    }
