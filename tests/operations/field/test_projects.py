"""Projects: whose tasks are whose, and who is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import planted
from ground import ADMIN, ANN, STRANGER, Ground
from races import overlap
from rota.domain.errors import Forbidden, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.store.port import Store


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def told(ground: Ground, subject: str) -> list[tuple[str, Any]]:
    return [(event["kind"], json.loads(event["facts"])) for event in ground.events(subject)]


def moved(before: int | None, after: int | None) -> tuple[str, Any]:
    return "task.changed", {"before": {"project_id": before}, "after": {"project_id": after}}


def test_the_tasks_that_are_given_are_those_of_the_project(ground: Ground) -> None:
    one, two, three = (planted.task(ground) for _ in range(3))
    first = ground.create("project", name="First", tasks=[two, one])
    ground.wait(1)
    second = ground.create("project", name="Second", tasks=[two, three])
    assert [(each.task_ids, each.task_count) for each in ground.load("project", [first, second])] == [
        ((one,), 1),
        ((two, three), 2),
    ]
    ground.change("project", first, tasks=[three])
    assert [each.task_ids for each in ground.load("project", [first, second])] == [(three,), (two,)]
    assert told(ground, f"task:{one}") == [moved(None, first), moved(first, None)]
    assert told(ground, f"task:{three}") == [moved(None, second), moved(second, first)]
    assert planted.row(ground, "tasks", three)["modified_at"] == ground.time
    assert told(ground, f"project:{first}")[-1] == (
        "project.changed",
        {"before": {"tasks": [one], "task_count": 1}, "after": {"tasks": [three], "task_count": 1}},
    )


def test_tasks_stay_where_nobody_speaks_of_them(ground: Ground) -> None:
    task = planted.task(ground)
    number = ground.create("project", name="x", tasks=[task])
    ground.change("project", number, name="y")
    ground.change("project", number, tasks=[str(task), task])
    assert (ground.get("project", number).name, ground.get("project", number).task_ids) == ("y", (task,))
    assert len(ground.events(f"project:{number}")) == 2
    ground.change("project", number, tasks=[])
    assert ground.get("project", number).task_ids == ()


def test_a_project_that_is_deleted_leaves_its_tasks(ground: Ground) -> None:
    task = planted.task(ground)
    number = ground.create("project", name="x", tasks=[task])
    ground.delete("project", number)
    assert ground.load("project", [number]) == []
    assert planted.row(ground, "tasks", task)["project_id"] is None
    assert told(ground, f"task:{task}")[-1] == moved(number, None)


def test_a_task_that_joins_while_its_project_is_deleted_is_in_none(
    ground: Ground, open_store: Callable[[], Store]
) -> None:
    number = ground.create("project", name="x")
    task = ground.create("task", name="t", start="2018-07-01", target_content_type=13, target_id=1)
    tasks, projects, admin = ground.kept("task"), ground.kept("project"), ground.actors[ADMIN]
    joined, deleted = overlap(
        ground.store,
        lambda tx: tasks.change(tx, admin, task, {"project": number}, now=2),
        open_store(),
        lambda tx: projects.delete(tx, admin, number, now=2),
    )
    assert (joined, deleted) == (None, None)
    assert planted.row(ground, "tasks", task)["project_id"] is None
    assert told(ground, f"task:{task}")[1:] == [moved(None, number), moved(number, None)]


def test_of_many_tasks_the_first_are_shown(ground: Ground) -> None:
    tasks = [planted.task(ground) for _ in range(102)]
    number = ground.create("project", name="x", tasks=tasks[::-1])
    kept = ground.get("project", number)
    assert (kept.task_ids, kept.task_count) == (tuple(tasks[:100]), 102)


def test_all_faults_are_told_at_once_and_nothing_moves(ground: Ground) -> None:
    task = planted.task(ground)
    elsewhere = planted.task(ground, account_id="e" * 32)
    for tasks, faults in (
        ([task, 999, elsewhere], [Fault(("tasks", at), "does not exist", missing=True) for at in (1, 2)]),
        ([task, "x"], [Fault(("tasks", 1), "must be an id")]),
        (None, [Fault(("tasks",), "must be a list of ids")]),
    ):
        with pytest.raises(UnfitRecord) as raised:
            ground.create("project", tasks=tasks)
        assert sorted(raised.value.faults, key=str) == sorted([Fault(("name",), "is required"), *faults], key=str)
    assert planted.row(ground, "tasks", task)["project_id"] is None


def test_projects_are_for_admins_of_the_account(ground: Ground) -> None:
    number = ground.create("project", name="x", tasks=[planted.task(ground)])
    for refused in (
        lambda: ground.find("project", who=ANN),
        lambda: ground.load("project", [number], who=ANN),
        lambda: ground.create("project", who=ANN, name="y"),
        lambda: ground.change("project", number, who=ANN, name="y"),
        lambda: ground.delete("project", number, who=ANN),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert ground.load("project", [number], who=STRANGER) == []
    for verb in (lambda: ground.change("project", number, who=STRANGER, tasks=[]),
                 lambda: ground.delete("project", number, who=STRANGER)):  # fmt: skip
        with pytest.raises(RecordNotFound):
            verb()
    assert ground.get("project", number).task_count == 1


def test_statements_are_as_many_for_many_as_for_few(ground: Ground, statements: list[str]) -> None:
    def cost(count: int) -> tuple[int, ...]:
        tasks, others = ([planted.task(ground) for _ in range(count)] for _ in range(2))
        counts = []
        for step in (
            lambda: numbers.append(ground.create("project", name="x", tasks=tasks)),
            lambda: ground.change("project", numbers[0], tasks=others),
            lambda: ground.load("project", numbers),
            lambda: ground.delete("project", numbers[0]),
        ):
            statements.clear()
            step()
            counts.append(len(statements))
        return tuple(counts)

    numbers: list[int] = []
    few = cost(1)
    numbers.clear()
    assert cost(4) == few
