"""What happened to a task of the field, and who did it: read from the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from rota.domain.accounts import Actor
from rota.domain.errors import RecordNotFound
from rota.domain.events import Kind
from rota.operations.field.access import Who, permit
from rota.store.port import Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is microseconds since 1970 UTC; `user` an e-mail, None where nobody but time did it.

    `before` and `after` are the fields that changed, as they are stored.
    """

    id: int
    at: int
    kind: Kind
    user: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def of_task(tx: Tx, actor: Actor, task_id: int) -> list[Entry]:
    """Oldest first; also of a task that has been deleted. Raises Forbidden but for admins, RecordNotFound."""
    permit(actor, Who.ADMINS)
    rows = tx.all("events_of_subject_by_whom", subject=f"task:{task_id}", account_id=actor.account.id)
    if not rows:
        raise RecordNotFound("task", task_id)
    return [_entry(row, msgspec.json.decode(row["facts"])) for row in rows]


def _entry(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Entry:
    kind = Kind(row["kind"])
    after = facts.get("after", None if "before" in facts else facts)
    return Entry(row["id"], row["at"], kind, row["email"], facts.get("before"), after)
