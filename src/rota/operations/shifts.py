"""Shifts: the time from a worker's login to their logout, and who the workers are.

Whatever a worker does with items in hand is done under the lock of their open shift, so that two requests of one
worker act one after the other: their locks are always taken in one order, the shift's before the items'.
"""

from dataclasses import dataclass

from rota.domain.accounts import Actor, email_fault, hash_token
from rota.domain.errors import Forbidden, NotOnShift, WorkerNotFound
from rota.domain.events import Event, Kind
from rota.domain.items import Item, Line, Verb, Worker
from rota.operations.events import record
from rota.operations.log import LINES_LIMIT, recent
from rota.operations.moves import from_row, step, write
from rota.store.port import Row, Tx


@dataclass(frozen=True, slots=True)
class Report:
    """A worker in full: what they work on, what they have put aside (the last first), what they did since they logged
    in for the last time, in its order."""

    worker: Worker
    current: Item | None
    suspended: list[Item]
    lines: list[Line]


def login(tx: Tx, actor: Actor, email: str | None = None, *, token: str, token_id: str, now: int) -> Worker:
    """Begin a shift, and let the token work until it ends. On shift already: one more token for the same shift.

    Another worker is logged in by superusers alone, and another superuser by those of the root account: whoever holds
    a token is that user. Raises WorkerNotFound, Forbidden.
    """
    row = _row(tx, actor, email)
    if row["id"] != actor.user.id and not (actor.is_root if row["superuser"] else actor.user.superuser):
        raise Forbidden
    shift_id, started_at = _open(tx, actor, row["id"], now)
    tx.run(
        "shift_token_insert",
        id=token_id,
        token_hash=hash_token(token),
        user_id=row["id"],
        created_at=now,
        shift_id=shift_id,
    )
    return Worker(row["id"], row["email"], started_at, True)


def logout(tx: Tx, actor: Actor, *, now: int) -> Item | None:
    """End the actor's shift: its tokens work nowhere from now on, and the item that was worked on is suspended and
    comes back. Raises NotOnShift."""
    shift = lock(tx, actor)
    # Who waited for a login looked at the clock before it.
    now = max(now, shift["started_at"])
    active = current(tx, actor.user.id)
    suspended = step(active, Verb.SUSPEND, actor, now) if active else None
    if suspended:
        write(tx, actor, suspended)
    tx.run("shift_end", id=shift["id"], ended_at=now)
    tx.run("shift_tokens_revoke", shift_id=shift["id"], now=now)
    _record(tx, actor, Kind.SHIFT_ENDED, actor.user.id, now)
    return suspended.after if suspended else None


def lock(tx: Tx, actor: Actor) -> Row:
    """The id and the start of the actor's open shift, kept from their other requests until this transaction ends.

    Raises NotOnShift.
    """
    row = tx.one("shift_lock", user_id=actor.user.id)
    if row is None:
        raise NotOnShift
    return row


def who(tx: Tx, actor: Actor, *, on_shift: bool = False) -> list[Worker]:
    """The workers of the actor's account, all or those on shift, by e-mail."""
    rows = tx.all("workers_on_shift" if on_shift else "workers_all", account_id=actor.account.id)
    return [_worker(row) for row in rows]


def worker(tx: Tx, actor: Actor, email: str | None = None) -> Worker:
    """A worker of the actor's account, or the actor. Raises WorkerNotFound."""
    return _worker(_row(tx, actor, email))


def report(tx: Tx, actor: Actor, email: str | None = None) -> Report:
    """A worker of the actor's account in full, or the actor. Raises WorkerNotFound."""
    found = worker(tx, actor, email)
    since = found.logged_in_at
    lines = recent(tx, actor, user_id=found.id, limit=LINES_LIMIT) if since is not None else []
    return Report(
        found,
        current(tx, found.id),
        suspended(tx, found.id),
        [line for line in lines if since is not None and line.at >= since],
    )


def current(tx: Tx, user_id: int) -> Item | None:
    """What a worker works on."""
    row = tx.one("item_active", user_id=user_id)
    return from_row(row) if row else None


def suspended(tx: Tx, user_id: int) -> list[Item]:
    """What a worker has put aside, the last first."""
    return [from_row(row) for row in tx.all("items_suspended", user_id=user_id)]


def _open(tx: Tx, actor: Actor, user_id: int, now: int) -> tuple[int, int]:
    """The id and the start of the worker's open shift, begun if there is none. A shift that somebody else begins or
    ends meanwhile is waited for, and then looked at again."""
    while True:
        # Looked for first: whoever ends it is waited for here, so that the next one begins when it has ended.
        if row := tx.one("shift_lock", user_id=user_id):
            return row["id"], row["started_at"]
        if row := tx.one("shift_insert", user_id=user_id, started_at=now):
            _record(tx, actor, Kind.SHIFT_STARTED, user_id, row["started_at"])
            return row["id"], row["started_at"]


def _record(tx: Tx, actor: Actor, kind: Kind, user_id: int, now: int) -> None:
    """The line is the worker's, whoever logged them in."""
    facts = {} if user_id == actor.user.id else {"by": actor.user.email}
    record(tx, Event(now, kind, actor.account.id, f"user:{user_id}", user_id, facts))


def _row(tx: Tx, actor: Actor, email: str | None) -> Row:
    wanted = actor.user.email if email is None else email.lower()
    row = None if email_fault(wanted) else tx.one("worker_by_email", email=wanted, account_id=actor.account.id)
    if row is None:
        raise WorkerNotFound(wanted)
    return row


def _worker(row: Row) -> Worker:
    return Worker(row["id"], row["email"], row["started_at"], bool(row["on_shift"]))
