"""What tasks refer to: their locations and segment rules, and what becomes of tasks when something leaves them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from rota.domain.accounts import Actor
from rota.domain.events import Event, Kind
from rota.domain.field.tasks import TaskLocation
from rota.operations.events import record_all
from rota.operations.field.collection import ids_param
from rota.store.port import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Relations:
    """What tasks refer to in numbers, by their ids; a task that has none is not there."""

    locations: Mapping[int, tuple[TaskLocation, ...]]
    segment_rules: Mapping[int, tuple[int, ...]]


def related(tx: Tx, tasks: Iterable[int]) -> Relations:
    """One statement, however many tasks."""
    found = tx.columns("relations_of_tasks", ids=ids_param([*tasks]))
    places = map(TaskLocation, *(found[name] for name in TaskLocation.__struct_fields__))
    locations: dict[int, list[TaskLocation]] = {}
    rules: dict[int, list[int]] = {}
    for task_id, place, rule in zip(found["task_id"], places, found["segment_rule_id"], strict=True):
        if rule is None:
            locations.setdefault(task_id, []).append(place)
        else:
            rules.setdefault(task_id, []).append(rule)
    return Relations(_closed(locations), _closed(rules))


def _closed(lists: Mapping[int, list[T]]) -> Mapping[int, tuple[T, ...]]:
    return {task_id: tuple(each) for task_id, each in lists.items()}


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
