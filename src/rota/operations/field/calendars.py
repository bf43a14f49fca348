"""Keeps the occurrences of a task in line with its rules. What a submission refers to is never removed."""

from collections.abc import Mapping, Sequence
from typing import Any

from rota.domain.field.terms import Terms
from rota.domain.field.timing import Calendar, Timing, calendar, date_number, date_of, extension, time_number, time_of
from rota.domain.recurrence import OCCURRENCES_LIMIT, Occurrence, changes
from rota.operations.field.collection import ids_param
from rota.store.port import Row, Tx


def align(tx: Tx, account_id: str, task_id: int, timing: Timing, terms: Terms, *, now: int) -> dict[str, int]:
    """Make, amend and remove occurrences until they are those that the rules name; how many of each. Doing it twice
    does nothing the second time."""
    made = calendar(timing, terms.horizon_us, now)
    rows = tx.all("occurrences_of_task", task_id=task_id)
    ids = {occurrence(row).key: row["id"] for row in rows}
    pinned = {occurrence(row).key for row in rows if row["needed"]}
    found = changes([occurrence(row) for row in rows], made.occurrences, pinned)
    if found.remove:
        tx.batch("occurrence_delete", [{"id": ids[each.key]} for each in found.remove])
    if found.amend:
        tx.batch("occurrence_amend", [{"id": ids[each.key], **_ends(each)} for each in found.amend])
    _insert(tx, account_id, task_id, found.add, now)
    _note(tx, task_id, made)
    counts = {"added": len(found.add), "amended": len(found.amend), "removed": len(found.remove)}
    return {name: count for name, count in counts.items() if count}


def extend(tx: Tx, task: Row, timing: Timing, terms: Terms, *, now: int) -> int:
    """Move the horizon of a task on; how many occurrences came."""
    present = task["occurrence_count"]
    more = extension(timing, task["expanded_to"], terms.horizon_us, present, OCCURRENCES_LIMIT, now)
    _insert(tx, task["account_id"], task["id"], more.occurrences, now)
    _note(tx, task["id"], more)
    return len(more.occurrences)


def occurrence(row: Row) -> Occurrence:
    return Occurrence(
        date_of(row["date"]),
        time_of(row["start_time"]),
        time_of(row["end_time"]),
        row["starts_at"],
        row["ends_at"],
        row["location_id"],
    )


def _insert(tx: Tx, account_id: str, task_id: int, added: Sequence[Occurrence], now: int) -> None:
    if added:
        tx.batch("occurrence_insert", written(account_id, task_id, added, now))


def written(account_id: str, task_id: int, added: Sequence[Occurrence], now: int) -> list[dict[str, Any]]:
    """The rows of new occurrences of a task."""
    return [{"account_id": account_id, "task_id": task_id, "now": now, **_columns(each)} for each in added]


def _columns(each: Occurrence) -> Mapping[str, Any]:
    return {
        "location_id": each.location,
        "date": date_number(each.date),
        "week": each.date.isocalendar().week,
        "week_day": each.date.isoweekday() % 7 + 1,
        "start_time": time_number(each.start_time),
        **_ends(each),
    }


def _ends(each: Occurrence) -> Mapping[str, Any]:
    return {"end_time": time_number(each.end_time), "starts_at": each.starts_at, "ends_at": each.ends_at}


def note_times(tx: Tx, task_ids: Sequence[int]) -> None:
    """Note what the occurrences of tasks have in common. Whoever makes, amends or removes occurrences does so in the
    same transaction, with the tasks locked: lists of tasks rely on it."""
    ids = ids_param(task_ids)
    tx.run("task_times_delete", ids=ids)
    tx.run("task_times_insert", ids=ids)


def _note(tx: Tx, task_id: int, made: Calendar) -> None:
    note_times(tx, [task_id])
    tx.run(
        "task_calendar_set",
        id=task_id,
        cut=made.cut,
        expanded_to=made.expanded_to,
        expires_at=made.expires_at,
    )
