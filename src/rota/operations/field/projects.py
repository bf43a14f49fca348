"""Projects: a name, and the tasks that belong together under it. A task is in one project at most."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.events import Kind
from rota.domain.faults import Fault, Unfit
from rota.domain.field import reading
from rota.domain.field.names import Project
from rota.domain.field.reading import Field
from rota.domain.field.terms import Terms
from rota.operations.field.access import Access, Who, permit
from rota.operations.field.collection import ids_param
from rota.operations.field.locking import lock_after_referring
from rota.operations.field.names import NAME
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.relations import tell_tasks
from rota.operations.field.values import values_of
from rota.store.port import Columns, Row, Tx

TASKS_SHOWN = 100

_values = values_of(Project)


class Projects(Records):
    kind, collection = "project", "projects"
    access = Access(read=Who.ADMINS)
    fields: Mapping[str, Field] = {**NAME, "tasks": Field("tasks", reading.references, default=())}
    references: Mapping[str, str] = {"tasks": "task"}
    by_ids = "projects_by_ids"
    statements = Statements("project_lock", "project_insert", "project_update", "project_delete")
    kinds = Kinds(Kind.PROJECT_CREATED, Kind.PROJECT_CHANGED, Kind.PROJECT_DELETED)

    def made(self, tx: Tx, columns: Columns) -> Iterable[Project]:
        first = _first_tasks(tx, columns["id"])
        return _values({**columns, "task_ids": [first.get(each, ()) for each in columns["id"]]})

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        permit(actor, self.access.create)
        tasks = self._lock_tasks(tx, actor, None, given)
        record_id = super().create(tx, actor, given, now=now)
        _gather(tx, actor, record_id, tasks, _wanted(given, self.terms), now)
        return record_id

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """The tasks that are given become those of the project: others leave it."""
        permit(actor, self.access.change)
        tasks = self._lock_tasks(tx, actor, record_id, given) if "tasks" in given else []
        super().change(tx, actor, record_id, given, now=now)
        _gather(tx, actor, record_id, tasks, _wanted(given, self.terms), now)

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """Its tasks stay, without a project."""
        permit(actor, self.access.delete)
        tasks = lock_after_referring(
            tx,
            lambda: self._lock_tasks(tx, actor, record_id, {}),
            lambda: super(Projects, self).lock(tx, actor, record_id),
            lambda: tx.columns("tasks_of_project", project_id=record_id)["id"],
        )
        _gather(tx, actor, record_id, tasks, frozenset(), now)
        super().delete(tx, actor, record_id, now=now)

    def check(self, tx: Tx, actor: Actor, before: Row | None, values: dict[str, Any]) -> list[Fault]:
        if "tasks" in values:
            values["tasks"] = tuple(sorted(link.id for link in values["tasks"]))
        return []

    def lock(self, tx: Tx, actor: Actor, record_id: int) -> Row:
        row = super().lock(tx, actor, record_id)
        return {**row, "tasks": tuple(each["id"] for each in tx.all("tasks_of_project", project_id=record_id))}

    def told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Of many tasks the log is told the first, and how many there are. Each task's own history tells of it, too."""
        told = super().told(values)
        if "tasks" in told:
            told |= {"tasks": told["tasks"][:TASKS_SHOWN], "task_count": len(told["tasks"])}
        return told

    def _lock_tasks(self, tx: Tx, actor: Actor, record_id: int | None, given: Mapping[str, Any]) -> list[Row]:
        """Those that are given and those of the project. Who changes a task locks it before its project, too."""
        ids = ids_param(sorted(_wanted(given, self.terms)))
        return tx.all("tasks_to_gather_lock", account_id=actor.account.id, project_id=record_id, ids=ids)


def _first_tasks(tx: Tx, projects: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Of each of these projects that has any."""
    found = tx.columns("tasks_of_projects", ids=ids_param(projects), most=TASKS_SHOWN)
    pairs = zip(found["project_id"], found["id"], strict=True)
    return {project: tuple(task for _, task in tasks) for project, tasks in groupby(pairs, itemgetter(0))}


def _wanted(given: Mapping[str, Any], terms: Terms) -> frozenset[int]:
    """The tasks that are given, as far as they can be read."""
    try:
        return frozenset(link.id for link in reading.references(given.get("tasks", ()), terms))
    except Unfit:
        return frozenset()


def _gather(tx: Tx, actor: Actor, record_id: int, tasks: Sequence[Row], wanted: frozenset[int], now: int) -> None:
    """Of these tasks let those that are wanted be in the project, and no others."""
    joining = {row["id"]: row["project_id"] for row in tasks if row["id"] in wanted and row["project_id"] != record_id}
    leaving = [row["id"] for row in tasks if row["id"] not in wanted and row["project_id"] == record_id]
    for ids, project_id in ((leaving, None), ([*joining], record_id)):
        if ids:
            tx.run("tasks_project_set", project_id=project_id, ids=ids_param(ids), now=now)
    left = dict.fromkeys(leaving, (record_id, None))
    joined = {each: (before, record_id) for each, before in joining.items()}
    if left or joined:
        tell_tasks(tx, actor, "project_id", {**left, **joined}, now=now)
