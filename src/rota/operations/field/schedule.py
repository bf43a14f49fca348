"""What time does to tasks: scheduled ones become active, those that are over expire, horizons move on.

Each is done in short transactions, by whoever comes first: rows that another server has in hand are passed over, and a
move changes nothing unless the task stands as it was read.
"""

from typing import Any

from rota.domain.events import Event, Kind
from rota.domain.field.tasks import Status
from rota.domain.field.terms import Terms
from rota.operations.events import record_all
from rota.operations.field.calendars import extend
from rota.operations.field.drafts import stored_all
from rota.store.port import Row, Tx

BATCH = 200
"""Tasks a transaction: others wait while it lasts."""


def is_due(tx: Tx, terms: Terms, *, now: int) -> bool:
    """Whether any of the others has anything to do. It reads three entries of indexes, and keeps nobody waiting."""
    found = tx.one("schedule_due", now=now, expanded_to=_threshold(terms, now))
    return found is not None and any(found.values())


def expire(tx: Tx, *, now: int, limit: int = BATCH) -> int:
    """Active and scheduled tasks that are over; how many."""
    return _move(tx, tx.all("tasks_to_expire", now=now, limit=limit), Status.EXPIRED, now)


def start(tx: Tx, *, now: int, limit: int = BATCH) -> int:
    """Scheduled tasks whose start has come; how many."""
    return _move(tx, tx.all("tasks_to_start", now=now, limit=limit), Status.ACTIVE, now)


def advance(tx: Tx, terms: Terms, *, now: int, limit: int = BATCH) -> int:
    """Rules without end are expanded further; those of how many tasks."""
    rows = tx.all("tasks_to_extend", expanded_to=_threshold(terms, now), limit=limit)
    drafts = stored_all(tx, rows) if rows else []
    made = [extend(tx, row, draft.timing, terms, now=now) for row, draft in zip(rows, drafts, strict=True)]
    told = [_told(row, Kind.TASK_EXTENDED, {"occurrences": count}, now) for row, count in zip(rows, made, strict=True)]
    record_all(tx, told)
    return len(rows)


def _threshold(terms: Terms, now: int) -> int:
    """A horizon is moved on once a twentieth of it has passed, not at every look."""
    return now + terms.horizon_us - terms.horizon_us // 20


def _move(tx: Tx, rows: list[Row], status: Status, now: int) -> int:
    if rows:
        tx.batch("task_move", [_step(row, status, now) for row in rows])
        record_all(tx, [_told(row, Kind.TASK_CHANGED, _change(row, status), now) for row in rows])
    return len(rows)


def _step(row: Row, status: Status, now: int) -> dict[str, Any]:
    return {"id": row["id"], "from_status": row["status"], "to_status": status.value, "now": now}


def _change(row: Row, status: Status) -> dict[str, Any]:
    return {"before": {"status": row["status"]}, "after": {"status": status.value}}


def _told(row: Row, kind: Kind, facts: dict[str, Any], now: int) -> Event:
    return Event(now, kind, row["account_id"], f"task:{row['id']}", None, facts)
