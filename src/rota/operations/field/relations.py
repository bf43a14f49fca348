"""What tasks refer to: their locations and segment rules, and what becomes of tasks when something leaves them. One
statement each, however many tasks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.events import Event, Kind
from rota.domain.field.tasks import TaskLocation
from rota.operations.events import record_all
from rota.operations.field.collection import ids_param
from rota.store.port import Row, Tx


def locations_of(tx: Tx, tasks: Sequence[Row]) -> dict[int, tuple[TaskLocation, ...]]:
    return _grouped(tx.all("locations_of_tasks", ids=_ids(tasks)), task_location)


def segment_rules_of(tx: Tx, tasks: Sequence[Row]) -> dict[int, tuple[int, ...]]:
    return _grouped(tx.all("segment_rules_of_tasks", ids=_ids(tasks)), lambda row: row["segment_rule_id"])


def task_location(row: Row) -> TaskLocation:
    return TaskLocation(row["location_id"], row["timing_rule"], row["start_time"], row["end_time"])


def told_location(each: TaskLocation) -> Any:
    """What the log shows of a location of a task: a number, or an object where it has a rule or hours of its own."""
    own = {"timing_rule": each.timing_rule, "start_time": each.start_time, "end_time": each.end_time}
    said = {name: value for name, value in own.items() if value is not None}
    return {"location": each.location_id, **said} if said else each.location_id


def tell_tasks(tx: Tx, actor: Actor, field: str, changes: Mapping[int, tuple[Any, Any]], *, now: int) -> None:
    """Tell the log what became of one field of tasks, as a change of something else brought it about: by the ids of the
    tasks what it was and what it is."""
    record_all(tx, [_told(actor, task_id, field, *each, now) for task_id, each in changes.items()])


def _told(actor: Actor, task_id: int, field: str, before: Any, after: Any, now: int) -> Event:
    facts = {"before": {field: before}, "after": {field: after}}
    return Event(now, Kind.TASK_CHANGED, actor.account.id, f"task:{task_id}", actor.user.id, facts)


def _ids(tasks: Sequence[Row]) -> str:
    return ids_param([row["id"] for row in tasks])


def _grouped(rows: Iterable[Row], value: Callable[[Row], Any]) -> dict[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row["task_id"], []).append(value(row))
    return {task_id: tuple(values) for task_id, values in found.items()}
