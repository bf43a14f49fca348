"""Batches of items, added, written or deleted together.

A batch acts as if its rows were written one after the other, and takes the same number of statements however many
rows it has.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rota.domain.accounts import Actor, email_fault
from rota.domain.errors import InvalidFields, ItemNotFound, Refusal
from rota.domain.events import Kind
from rota.domain.fields import SECOND, Fields, read_fields
from rota.domain.items import Item, Status, Times, Verb
from rota.domain.urgency import Weights, score
from rota.operations.events import record_all
from rota.operations.ids import new_ids
from rota.operations.moves import Step, event, from_row, step, write_locked
from rota.operations.tree import listed
from rota.operations.urgency import weights_of
from rota.store.port import Tx

Given = Mapping[str, Any]
Outcome = Item | Refusal


class _Busy(Exception):
    """Somebody else has one of the items in hand."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """Fields that can be taken, whose they are, and how many open items they say that they block."""

    fields: Fields
    owner_id: int
    owner: str
    blocks: int


def add_all(tx: Tx, actor: Actor, givens: Sequence[Given], *, now: int) -> list[Outcome]:
    """For each a new item of the queue, or InvalidFields."""
    checked = _check(tx, actor, givens)
    fit = sum(isinstance(each, _Checked) for each in checked)
    ids = iter(new_ids(tx, "items", fit))
    made: list[Outcome] = [
        _new(actor, each, next(ids), now) if isinstance(each, _Checked) else each for each in checked
    ]
    items = [each for each in made if isinstance(each, Item)]
    if items:
        generation, weights = weights_of(tx)
        tx.batch("item_insert", [{**_written(item, generation, weights), **_origin(item)} for item in items])
        if tags := [_tag(item, tag) for item in items for tag in item.tags]:
            tx.batch("item_tag_insert", tags)
        record_all(tx, [event(actor, Kind.ITEM_ADDED, item) for item in items])
    return made


def update_all(tx: Tx, actor: Actor, rows: Sequence[tuple[int, Given]], *, now: int) -> list[Outcome]:
    """For each the item as it is after its row; or ItemNotFound, ItemNotQueued or InvalidFields, in that order."""
    checked = _check(tx, actor, [given for _, given in rows])
    items = _locked(tx, actor, [item_id for item_id, _ in rows])
    outcomes: list[Outcome] = []
    for (item_id, _), each in zip(rows, checked, strict=True):
        moved = _moved(items, item_id, Verb.UPDATE, actor, now)
        if isinstance(moved, Step):
            outcomes.append(_rewritten(moved.after, each, now) if isinstance(each, _Checked) else each)
        else:
            outcomes.append(moved)
    updated = [each for each in outcomes if isinstance(each, Item)]
    if updated:
        generation, weights = weights_of(tx)
        tx.batch("item_update", [_written(item, generation, weights) for item in updated])
        tx.batch("phases_of_item_give", [{"item_id": item.id, "owner_id": item.owner_id} for item in updated])
        record_all(tx, [event(actor, Kind.ITEM_UPDATED, item) for item in updated])
    return outcomes


def delete_all(tx: Tx, actor: Actor, item_ids: Sequence[int], *, now: int) -> list[Outcome]:
    """For each the item as it is after its deletion; or ItemNotFound, ItemNotQueued."""
    items = _locked(tx, actor, item_ids)
    moves: list[Step | Refusal] = []
    for item_id in item_ids:
        moves.append(moved := _moved(items, item_id, Verb.DELETE, actor, now))
        if isinstance(moved, Step):
            items[item_id] = moved.after
    if steps := [each for each in moves if isinstance(each, Step)]:
        write_locked(tx, actor, steps)
    return [each.after if isinstance(each, Step) else each for each in moves]


def only(outcomes: Sequence[Outcome]) -> Item:
    """What became of a batch of one. Raises its refusal."""
    (outcome,) = outcomes
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def known_id(item_id: int) -> bool:
    """Could there be such an item? The databases choke on numbers that they cannot hold."""
    return 0 < item_id < 2**63


def _check(tx: Tx, actor: Actor, givens: Sequence[Given]) -> list[_Checked | InvalidFields]:
    """Every fault of every row. An owner must be a user of the account; the caller is whatever account they act for."""
    read = [read_fields(given) for given in givens]
    named = [str(given["owner"]).strip().lower() for given in givens if isinstance(given.get("owner"), str)]
    owners = {actor.user.email: actor.user.id, **_owners(tx, actor, named)}
    blocked = {item_id for each in read if isinstance(each, Fields) for item_id in each.blocks}
    opened = (
        {row["id"] for row in tx.all("items_open", account_id=actor.account.id, ids=_ids(blocked))}
        if blocked
        else set()
    )
    return [_checked(actor, given, each, owners, opened) for given, each in zip(givens, read, strict=True)]


def _owners(tx: Tx, actor: Actor, emails: Sequence[str]) -> dict[str, int]:
    askable = {email for email in emails if not email_fault(email)}
    rows = tx.all("users_by_emails", emails=listed(askable)) if askable else []
    return {row["email"]: row["id"] for row in rows if row["account_id"] == actor.account.id}


def _checked(
    actor: Actor, given: Given, read: Fields | dict[str, str], owners: Mapping[str, int], opened: set[int]
) -> _Checked | InvalidFields:
    faults = dict(read) if isinstance(read, dict) else {}
    named = given.get("owner", actor.user.email)
    owner = named.strip().lower() if isinstance(named, str) else ""
    if owner and owner not in owners:
        faults.setdefault("owner", "is not a user of this account")
    if faults or isinstance(read, dict):
        return InvalidFields(faults)
    return _Checked(read, owners[owner], owner, len(opened.intersection(read.blocks)))


def _new(actor: Actor, checked: _Checked, item_id: int, now: int) -> Item:
    fields = checked.fields
    return Item(
        id=item_id,
        account_id=actor.account.id,
        tags=fields.tags,
        creator_id=actor.user.id,
        creator=actor.user.email,
        created_at=now,
        modified_at=now,
        times=Times(now),
        **_content(checked, now),
    )


def _rewritten(item: Item, checked: _Checked, now: int) -> Item:
    """The deadline that the item has, sent back to the second or exactly, is nobody's choice: it changes nothing."""
    rewritten = replace(item, **_content(checked, now))
    if checked.fields.deadline in {item.deadline, item.deadline // SECOND * SECOND}:
        return replace(rewritten, deadline=item.deadline, dated=item.dated)
    return rewritten


def _content(checked: _Checked, now: int) -> dict[str, Any]:
    """What a row writes of an item, new or not."""
    fields = checked.fields
    return {
        "title": fields.title,
        "description": fields.description,
        "instructions": fields.instructions,
        "deadline": fields.deadline_at(now),
        "dated": fields.deadline is not None,
        "estimate_us": fields.estimate_us,
        "priority": fields.priority,
        "properties": fields.properties,
        "blocks": checked.blocks,
        "owner_id": checked.owner_id,
        "owner": checked.owner,
    }


def _locked(tx: Tx, actor: Actor, item_ids: Sequence[int]) -> dict[int, Item]:
    """The account's items among these; nobody else moves those that are queued until this transaction ends.

    None is waited for with another in hand: whoever has it may wait for that. So all are let go when one is busy, and
    it is the first to be taken the next time.
    """
    account_id, asked = actor.account.id, sorted({item_id for item_id in item_ids if known_id(item_id)})
    first = asked[:1]
    while True:
        with suppress(_Busy), tx.savepoint():
            tx.all("items_lock", account_id=account_id, ids=_ids(first))
            taken = {row["id"] for row in tx.all("items_lock_free", account_id=account_id, ids=_ids(asked))}
            rows = tx.all("items_by_ids", account_id=account_id, ids=_ids(asked))
            first = [row["id"] for row in rows if row["status"] == Status.QUEUED and row["id"] not in taken][:1]
            if not first:
                return {row["id"]: from_row(row) for row in rows}
            raise _Busy


def _moved(items: Mapping[int, Item], item_id: int, verb: Verb, actor: Actor, now: int) -> Step | Refusal:
    item = items.get(item_id)
    if item is None:
        return ItemNotFound(item_id)
    try:
        return step(item, verb, actor, now)
    except Refusal as refusal:
        return refusal


def _ids(item_ids: Collection[int]) -> str:
    return msgspec.json.encode(sorted(item_ids)).decode()


def _tag(item: Item, tag: str) -> dict[str, Any]:
    return {"account_id": item.account_id, "tag": tag, "item_id": item.id}


def _origin(item: Item) -> dict[str, Any]:
    return {
        "account_id": item.account_id,
        "tags": " ".join(item.tags),
        "creator_id": item.creator_id,
        "now": item.created_at,
    }


def _written(item: Item, generation: int, weights: Weights) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "description": item.description,
        "instructions": item.instructions,
        "deadline": item.deadline,
        "dated": item.dated,
        "estimate_us": item.estimate_us,
        "priority": item.priority,
        "properties": msgspec.json.encode(item.properties).decode(),
        "blocks": item.blocks,
        "owner_id": item.owner_id,
        "modified_at": item.modified_at,
        "generation": generation,
        "score": score(item, weights),
    }
