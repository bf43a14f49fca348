"""Reads the locations and the segment rules of tasks: one statement each, however many tasks."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rota.domain.field.tasks import TaskLocation
from rota.operations.field.collection import ids_param
from rota.store.port import Row, Tx


def locations_of(tx: Tx, tasks: Sequence[Row]) -> dict[int, tuple[TaskLocation, ...]]:
    return _grouped(tx.all("locations_of_tasks", ids=_ids(tasks)), task_location)


def segment_rules_of(tx: Tx, tasks: Sequence[Row]) -> dict[int, tuple[int, ...]]:
    return _grouped(tx.all("segment_rules_of_tasks", ids=_ids(tasks)), lambda row: row["segment_rule_id"])


def task_location(row: Row) -> TaskLocation:
    return TaskLocation(row["location_id"], row["timing_rule"], row["start_time"], row["end_time"])


def _ids(tasks: Sequence[Row]) -> str:
    return ids_param([row["id"] for row in tasks])


def _grouped(rows: Iterable[Row], value: Callable[[Row], Any]) -> dict[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row["task_id"], []).append(value(row))
    return {task_id: tuple(values) for task_id, values in found.items()}
