"""Follows the log of all accounts as it grows, in the order of ids, and skips no event that commits late.

On PostgreSQL ids come from a sequence, and a transaction that took its id early may commit late: whoever remembers the
highest id that they have seen would never see the lower one. What lies before the first missing id is safe to hand
out. Of a missing id one must know whether it is still to come, or never will (rolled back, purged):

1. A snapshot shows the id H and misses a lower one, G.
2. Whoever commits G has taken it already, for the sequence gave G before H, and H was committed when the snapshot was
   made. An INSERT locks its table (RowExclusiveLock) before it takes an id, and keeps the lock until after its commit
   can be seen. So whoever commits G holds that lock now, unless G can be seen by now.
3. Those who hold the lock are listed after the snapshot: pg_locks tells what is, not what the snapshot saw.
4. When all of them have ended, a new snapshot shows every id up to H that there will ever be.

A rolled back savepoint lets go of its lock early, and of its ids with it. Writers who came after the list are not
waited for, and neither are those of other tables and other databases; the wait ends when the slowest of the list does.
It holds as long as the sequence keeps no ids in reserve (CACHE 1, which is an identity column's) and nobody prepares
transactions (two-phase commit), which changes the name under which they hold their locks.

SQLite lets in one writer at a time and gives ids in the order of commits: there the list is always empty.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rota.domain.errors import StoreUnavailable
from rota.operations.moves import item_id_of
from rota.store.port import Row, Store, Tx

LIMIT = 1_000
PATIENCE_S = 10.0
POLL_S = 0.005

Writers = frozenset[str]
"""The names of transactions that may have taken an id and not have committed it."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was written; `user` is who did it, by e-mail, and `item_id` the item if it is of one."""

    id: int
    account_id: str
    at: int
    kind: str
    user: str | None
    item_id: int | None
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Tail:
    """Everything after `position`, whatever account and kind it is of. Not for several threads.

    Whoever keeps `position` may go on from it later, in another process: nothing at or below it is yet to come.
    """

    def __init__(self, store: Store, position: int) -> None:
        self.position = position
        self._store = store
        # Up to this id nothing is yet to come, although ids may be missing.
        self._settled = position
        # This id will be settled when these writers have ended.
        self._awaited: tuple[int, Writers] | None = None

    @property
    def is_awaiting(self) -> bool:
        """There are events that cannot be handed out yet."""
        return self._awaited is not None

    def next(self, limit: int = LIMIT) -> list[Told]:
        """The next events, at most `limit` of them, in the order of their ids; `position` is the last one's then.

        Empty when there is none, and also while a missing id may still be committed. One statement where there is no
        such id. Raises what the store does, and has then handed out nothing.
        """
        self._settle()
        rows = self._look(limit)
        if self._awaited and not self._awaited[1]:
            # Nobody is left who could commit what was missing: only a new look is needed to know all.
            self._settle()
            rows = self._look(limit)
        if rows:
            self.position = rows[-1]["id"]
        return [told(row) for row in rows]

    def _settle(self) -> None:
        """Its list is made in a transaction of its own, so that the snapshot of the next look comes after it."""
        if self._awaited is None:
            return
        highest, writers = self._awaited
        if writers:
            with self._store.read() as tx:
                writers &= _writers(tx)
        if writers:
            self._awaited = highest, writers
        else:
            self._settled, self._awaited = highest, None

    def _look(self, limit: int) -> list[Row]:
        """What is safe to hand out; whoever may fill the gap after it is listed, unless others are awaited already."""
        with self._store.read() as tx:
            rows = tx.all("events_after", position=self.position, limit=limit)
            safe = _before_gap(rows, max(self.position, self._settled))
            if safe < len(rows) and self._awaited is None:
                self._awaited = rows[-1]["id"], _writers(tx)
        return rows[:safe]


def newest(store: Store, patience_s: float = PATIENCE_S) -> int:
    """Where to follow the log from: whatever commits after this has returned has a higher id.

    It waits for those who are writing at this moment (PostgreSQL). Raises StoreUnavailable when one of them takes
    longer than `patience_s`.
    """
    until = time.monotonic() + patience_s
    with store.read() as tx:
        position = highest(tx)
        writers = _writers(tx)
    while writers:
        if time.monotonic() > until:
            raise StoreUnavailable
        time.sleep(POLL_S)
        with store.read() as tx:
            writers &= _writers(tx)
    return position


def highest(tx: Tx) -> int:
    """The highest id that can be seen; lower ones may still be to come."""
    position: int = tx.value("event_newest")
    return position


def _writers(tx: Tx) -> Writers:
    return frozenset(row["writer"] for row in tx.all("events_writers"))


def _before_gap(rows: Sequence[Row], reach: int) -> int:
    """How many of the rows come before the first missing id beyond `reach`."""
    for count, row in enumerate(rows):
        if row["id"] > reach + 1:
            return count
        reach = max(reach, row["id"])
    return len(rows)


def told(row: Row) -> Told:
    facts = msgspec.json.decode(row["facts"], type=dict[str, Any])
    item_id = item_id_of(row["subject"])
    return Told(row["id"], row["account_id"], row["at"], row["kind"], row["email"], item_id, row["subject"], facts)
