"""Reads the desk's log: what was done to items, who came and who went."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from rota.domain.accounts import Actor, email_fault
from rota.domain.events import DESK, Kind
from rota.domain.items import Line
from rota.operations.moves import item_id_of, subject
from rota.operations.tail import Told, told
from rota.store.port import Row, Tx

LINES_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events of the desk are asked for: of any of these kinds (without any: of all), of a user named by e-mail
    or, where none is, of an item."""

    kinds: tuple[Kind, ...] = ()
    user: str | None = None
    item_id: int | None = None

    def takes(self, told: Told) -> bool:
        if told.kind not in (self.kinds or DESK):
            return False
        if self.user is not None:
            return told.user == self.user
        return self.item_id is None or told.item_id == self.item_id

    def tests(self) -> list[dict[str, Any]]:
        """The filters that take the same events, one set for each statement."""
        tests: dict[str, Any] = {}
        if self.user is not None:
            tests["user"] = self.user
        elif self.item_id is not None:
            tests["subject"] = subject(self.item_id)
        return [{**tests, "kind": kind.value} for kind in self.kinds] or [{**tests, "desk": True}]


def after(
    tx: Tx, account_id: str, choice: Choice, *, position: int, until: int, limit: int = LINES_LIMIT
) -> list[Told]:
    """The oldest events of an account that come after `position` and not after `until`, in the order of their ids."""
    if choice.user is not None and email_fault(choice.user):
        # PostgreSQL would choke on some of what can be nobody's.
        return []
    between = {"account_id": account_id, "position": position, "until": until, "limit": limit}
    found = [told(row) for tests in choice.tests() for row in tx.page("desk_log_after", tests, **between)]
    return sorted(found, key=lambda told: told.id)[:limit]


def recent(
    tx: Tx,
    actor: Actor,
    *,
    kinds: Iterable[Kind] = (),
    user_id: int | None = None,
    item_id: int | None = None,
    limit: int = 100,
) -> list[Line]:
    """The newest lines of the actor's account, in the order of their times; of one time, as they were written.

    Who writes at the same time as others on PostgreSQL looked at the clock in one order and may write in another. What
    was done to one item never changes places by that.

    `kinds` narrows them (without any: all kinds), one statement each; so does a user or, where none is given, an item.
    """
    tests: dict[str, Any] = {}
    if user_id is not None:
        tests["user_id"] = user_id
    elif item_id is not None:
        tests["subject"] = subject(item_id)
    narrowed = [{**tests, "kind": kind.value} for kind in kinds] or [{**tests, "desk": True}]
    lines = [line for each in narrowed for line in _page(tx, actor, each, limit)]
    newest = sorted(lines, key=lambda line: line.id)[-limit:] if limit else []
    return sorted(newest, key=lambda line: line.at)


def _page(tx: Tx, actor: Actor, tests: Mapping[str, Any], limit: int) -> list[Line]:
    return [_line(row) for row in tx.page("desk_log", tests, account_id=actor.account.id, limit=limit)]


def _line(row: Row) -> Line:
    facts = msgspec.json.decode(row["facts"], type=dict[str, object])
    return Line(row["id"], row["at"], row["kind"], row["email"], item_id_of(row["subject"]), facts)
