"""What a worker does with items in hand: grab, suspend, activate, release, complete.

A worker has at most one active item: to grab one, or to activate another, puts the present one aside. Everything here
needs a shift, and is refused with NotOnShift without one.
"""

from contextlib import suppress

from rota.domain.accounts import Actor
from rota.domain.errors import ItemNotFound, NothingToGrab
from rota.domain.items import COMPLETIONS, Item, Status, Turn, Verb
from rota.operations import items
from rota.operations.item_batches import known_id
from rota.operations.moves import Step, from_row, step, write
from rota.operations.shifts import current, lock, suspended
from rota.store.port import Tx


class _Gone(Exception):
    """What was waited for has left the queue."""


def grab(tx: Tx, actor: Actor, item_id: int | None = None, *, now: int) -> Turn:
    """Take an item out of the queue and work on it: this one, or the most urgent.

    Raises NotOnShift; ItemNotFound, ItemNotQueued; NothingToGrab.
    """
    lock(tx, actor)
    target = _most_urgent(tx, actor) if item_id is None else _one(tx, actor, item_id)
    return _foreground(tx, actor, step(target, Verb.GRAB, actor, now), now)


def activate(tx: Tx, actor: Actor, item_id: int, *, now: int) -> Turn:
    """Go on with a suspended item. Raises NotOnShift, ItemNotFound, NotYourItem, ItemNotSuspended."""
    lock(tx, actor)
    return _foreground(tx, actor, step(items.by_id(tx, actor, item_id), Verb.ACTIVATE, actor, now), now)


def suspend(tx: Tx, actor: Actor, item_id: int, *, now: int) -> Turn:
    """Put the active item aside. Raises NotOnShift, ItemNotFound, NotYourItem, ItemNotActive."""
    return _alone(tx, actor, item_id, Verb.SUSPEND, now)


def release(tx: Tx, actor: Actor, item_id: int, *, now: int) -> Turn:
    """Give an item back to the queue. Raises NotOnShift, ItemNotFound, NotYourItem."""
    return _alone(tx, actor, item_id, Verb.RELEASE, now)


def complete(tx: Tx, actor: Actor, item_id: int, verb: Verb = Verb.COMPLETE_SUCCESS, *, now: int) -> Turn:
    """Complete an item, with success or failure. After the active one the last suspended is resumed.

    Raises NotOnShift, ItemNotFound, NotYourItem.
    """
    assert verb in COMPLETIONS
    lock(tx, actor)
    done = step(items.by_id(tx, actor, item_id), verb, actor, now)
    waiting = suspended(tx, actor.user.id) if done.before.status is Status.ACTIVE else []
    if not waiting:
        write(tx, actor, done)
        return Turn(done.after)
    resumed = step(waiting[0], Verb.ACTIVATE, actor, now, after=item_id)
    write(tx, actor, done, resumed)
    return Turn(done.after, resumed=resumed.after)


def held(tx: Tx, actor: Actor) -> list[Item]:
    """What the actor has in hand: the active item, then the suspended ones, the last first."""
    active = current(tx, actor.user.id)
    return [*([active] if active else []), *suspended(tx, actor.user.id)]


def _foreground(tx: Tx, actor: Actor, taken: Step, now: int) -> Turn:
    active = current(tx, actor.user.id)
    if active is None:
        write(tx, actor, taken)
        return Turn(taken.after)
    aside = step(active, Verb.SUSPEND, actor, now, **{"for": taken.after.id})
    write(tx, actor, aside, taken)
    return Turn(taken.after, put_aside=aside.after)


def _alone(tx: Tx, actor: Actor, item_id: int, verb: Verb, now: int) -> Turn:
    lock(tx, actor)
    moved = step(items.by_id(tx, actor, item_id), verb, actor, now)
    write(tx, actor, moved)
    return Turn(moved.after)


def _most_urgent(tx: Tx, actor: Actor) -> Item:
    """Workers who grab at the same time pass each other by. Only when nothing else is left is an item waited for: who
    has it locked may only be writing it. One that has gone is let go before the next is waited for: whoever has that
    may have grabbed this one, and wait for it."""
    account_id = actor.account.id
    if row := tx.one("item_next", account_id=account_id):
        return from_row(row)
    while (item_id := tx.value("item_last_left", account_id=account_id)) is not None:
        with suppress(_Gone), tx.savepoint():
            if tx.all("items_lock", account_id=account_id, ids=f"[{item_id}]"):
                return items.by_id(tx, actor, item_id)
            raise _Gone
    raise NothingToGrab


def _one(tx: Tx, actor: Actor, item_id: int) -> Item:
    """The item as it is once nobody else has it locked."""
    if not known_id(item_id):
        raise ItemNotFound(item_id)
    tx.all("items_lock", account_id=actor.account.id, ids=f"[{item_id}]")
    return items.by_id(tx, actor, item_id)
