"""Locations: points with a radius, shapes, or mere names, in a tree."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import RecordNeeded
from rota.domain.events import Kind
from rota.domain.faults import Fault
from rota.domain.field.locations import FIELDS, Location, geometry_faults, placed
from rota.domain.field.tasks import TaskLocation
from rota.operations.field.access import permit
from rota.operations.field.calendars import note_times
from rota.operations.field.collection import ids_param
from rota.operations.field.locking import lock_after_referring
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.relations import related, tell_tasks, told_location
from rota.operations.field.values import values_of
from rota.store.port import Row, Tx

TOLD_LIMIT = 4_096
"""Characters of a shape that the log is told; of a longer one it is told the digest."""


class Locations(Records):
    kind, collection = "location", "locations"
    fields = FIELDS
    references: Mapping[str, str] = {"parent": "location", "location_type": "location_type"}
    by_ids = "locations_by_ids"
    statements = Statements("location_lock", "location_insert", "location_update", "location_delete")
    kinds = Kinds(Kind.LOCATION_CREATED, Kind.LOCATION_CHANGED, Kind.LOCATION_DELETED)
    values = staticmethod(values_of(Location, has_submissions=bool))

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        permit(actor, self.access.change)
        if "parent" in given:
            self._lock_tree(tx, actor)
        super().change(tx, actor, record_id, given, now=now)

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """Tasks have it no longer, and what was to be done there goes; the locations below it stay without a parent."""
        permit(actor, self.access.delete)
        self._lock_tree(tx, actor)
        rows = lock_after_referring(
            tx,
            # Those that list the location or have something to be done there.
            lambda: tx.all("tasks_at_location_lock", account_id=actor.account.id, id=record_id),
            lambda: self.lock(tx, actor, record_id),
            lambda: tx.columns("tasks_at_location", id=record_id)["id"],
        )
        tasks = [row["id"] for row in rows]
        listed = {task_id: _without(each, record_id) for task_id, each in related(tx, tasks).locations.items()}
        tx.run("tasks_leave_location", account_id=actor.account.id, id=record_id, ids=ids_param(tasks), now=now)
        super().delete(tx, actor, record_id, now=now)
        note_times(tx, tasks)
        tell_tasks(tx, actor, "locations", listed, now=now)

    def refuse_if_needed(self, tx: Tx, actor: Actor, record_id: int) -> None:
        """Submissions came from it, or answer to what was to be done there; or a task is about it."""
        needed = tx.one("location_needed", id=record_id) or {}
        for name in ("submissions", "tasks"):
            if needed[name]:
                raise RecordNeeded(self.kind, record_id, name)

    def lock(self, tx: Tx, actor: Actor, record_id: int) -> Row:
        row = super().lock(tx, actor, record_id)
        return {**row, "geopoint": None if row["longitude"] is None else (row["longitude"], row["latitude"])}

    def check(self, tx: Tx, actor: Actor, before: Row | None, values: dict[str, Any]) -> list[Fault]:
        whole = {**(before or {}), **values}
        faults = geometry_faults(whole)
        if not faults:
            values.update(placed(whole))
        parent_id = values.get("parent_id")
        if before and parent_id and tx.value("location_lies_below", id=before["id"], parent_id=parent_id):
            faults.append(Fault(("parent",), "is the location itself, or lies below it"))
        return faults

    def told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        told = super().told(values)
        if len(told.get("shape") or "") > TOLD_LIMIT:
            told["shape"] = f"sha256:{sha256(told['shape'].encode()).hexdigest()}"
        return told

    def _lock_tree(self, tx: Tx, actor: Actor) -> None:
        """Of two moves that would make a cycle together, the second sees the first."""
        tx.one("location_tree_lock", account_id=actor.account.id)


def _without(listed: Iterable[TaskLocation], location_id: int) -> tuple[list[Any], list[Any]]:
    """The locations of a task, and those but one."""
    told = {each.location_id: told_location(each) for each in listed}
    return [*told.values()], [each for number, each in told.items() if number != location_id]
