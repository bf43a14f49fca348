"""Reads the desk's log: what was done to items, who came and who went."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rota.domain.accounts import Actor
from rota.domain.events import Kind
from rota.domain.items import Line
from rota.operations.moves import item_id_of, subject
from rota.store.port import Row, Tx

LINES_LIMIT = 1_000


def recent(
    tx: Tx,
    actor: Actor,
    *,
    kinds: Iterable[Kind] = (),
    user_id: int | None = None,
    item_id: int | None = None,
    limit: int = 100,
) -> list[Line]:
    """The newest lines of the actor's account, in the order in which they were written.

    `kinds` narrows them (without any: all kinds), one statement each; so does a user or, where none is given, an item.
    """
    tests: dict[str, Any] = {}
    if user_id is not None:
        tests["user_id"] = user_id
    elif item_id is not None:
        tests["subject"] = subject(item_id)
    narrowed = [{**tests, "kind": kind.value} for kind in kinds] or [{**tests, "desk": True}]
    lines = [line for each in narrowed for line in _page(tx, actor, each, limit)]
    return sorted(lines, key=lambda line: line.id)[-limit:] if limit else []


def _page(tx: Tx, actor: Actor, tests: Mapping[str, Any], limit: int) -> list[Line]:
    return [_line(row) for row in tx.page("desk_log", tests, account_id=actor.account.id, limit=limit)]


def _line(row: Row) -> Line:
    facts = msgspec.json.decode(row["facts"], type=dict[str, object])
    return Line(row["id"], row["at"], row["kind"], row["email"], item_id_of(row["subject"]), facts)
