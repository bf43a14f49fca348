"""Deletions that meet those who come from what refers to the record: nobody waits in a circle, whoever is first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ground import ADMIN, Ground
from races import Change, attempt, overlap, until_they_wait
from rota.domain.faults import Fault
from rota.operations.field.records import Records
from rota.operations.field.tasks import Tasks
from rota.store.port import Store, Tx

TASK = {"name": "t", "target_content_type": 13, "target_id": 1, "start": "2018-07-01"}
OTHERWISE = {"task": {"timing_rule": "FREQ=DAILY;COUNT=3"}, "location": {"name": "y"}}
"""A change that does not say what it refers to. A task is written twice with its occurrences: the second time the
database looks for all that it refers to."""

REFERENCES = [
    ("task", "client", "client"),
    ("task", "project", "project"),
    ("task", "parent", "task"),
    ("location", "location_type", "location_type"),
]
"""What refers to something, by which field, and to what."""
each_reference = pytest.mark.parametrize(
    ("kind", "field", "of"), REFERENCES, ids=[f"{a}-{b}" for a, b, _ in REFERENCES]
)
of_tasks = pytest.mark.parametrize(("field", "of"), [(b, c) for a, b, c in REFERENCES if a == "task"])


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def made(ground: Ground, kind: str, **given: Any) -> int:
    return ground.create(kind, **{**(TASK if kind == "task" else {"name": "x"}), **given})


def changes(ground: Ground, kind: str, record_id: int, **given: Any) -> Change:
    return lambda tx: ground.kept(kind).change(tx, ground.actors[ADMIN], record_id, given, now=ground.time)


def deletes(ground: Ground, kind: str, record_id: int) -> Change:
    return lambda tx: ground.kept(kind).delete(tx, ground.actors[ADMIN], record_id, now=ground.time)


def locks(ground: Ground, kind: str, *record_ids: int) -> Change:
    """What a change begins with."""
    records = ground.kept(kind)
    assert isinstance(records, Records)
    return lambda tx: [records.lock(tx, ground.actors[ADMIN], each) for each in record_ids]


class Third:
    """One who comes when two have met already: the first goes on once this one waits, too."""

    def __init__(self, ground: Ground, store: Store, change: Change) -> None:
        self._ground, self._store, self._change = ground, store, change
        self._threads = ThreadPoolExecutor(1)
        self.answer: Any = None

    def come(self, tx: Tx) -> None:
        self._future = self._threads.submit(attempt, self._store, self._change)
        until_they_wait(self._ground.store, 2, self._future)

    def __enter__(self) -> "Third":
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown()
        self.answer = self._future.result()


def referred(ground: Ground, kind: str, record_id: int, field: str) -> Any:
    return getattr(ground.get(kind, record_id), f"{field}_id")


@each_reference
@pytest.mark.parametrize("again", [True, False], ids=["said anew", "not said"])
def test_what_is_changed_loses_what_is_deleted_meanwhile(
    ground: Ground, open_store: Callable[[], Store], kind: str, field: str, of: str, again: bool
) -> None:
    record = made(ground, of)
    number = made(ground, kind, **{field: record})
    given = {field: record} if again else OTHERWISE[kind]
    outcome = overlap(
        ground.store,
        locks(ground, kind, number),
        open_store(),
        deletes(ground, of, record),
        then=changes(ground, kind, number, **given),
    )
    assert outcome == (None, None)
    assert referred(ground, kind, number, field) is None


@each_reference
def test_what_two_refer_to_is_deleted_while_somebody_takes_one_after_the_other(
    ground: Ground, open_store: Callable[[], Store], kind: str, field: str, of: str
) -> None:
    record = made(ground, of)
    low, high = (made(ground, kind, **{field: record}) for _ in range(2))
    # PostgreSQL comes to a row that has been written anew after the others.
    ground.change(kind, low, name="written last")
    first, deleted = overlap(
        ground.store,
        locks(ground, kind, low),
        open_store(),
        deletes(ground, of, record),
        then=locks(ground, kind, high),
    )
    assert not isinstance(first, Exception)
    assert deleted is None
    assert [referred(ground, kind, each, field) for each in (low, high)] == [None, None]


@each_reference
def test_one_that_comes_late_and_is_changed_at_once_does_not_stand_in_the_way_of_a_deletion(
    ground: Ground, open_store: Callable[[], Store], kind: str, field: str, of: str
) -> None:
    """The deletion waits for the record, and the second change for the first."""
    record, number = made(ground, of), made(ground, kind)
    joins = changes(ground, kind, number, **{field: record})
    # Of the tree of tasks no two are hung up at once; what is written twice leads to the parent without that.
    follows = joins if kind == "location" else changes(ground, kind, number, **OTHERWISE[kind])
    with Third(ground, open_store(), follows) as third:
        outcome = overlap(ground.store, joins, open_store(), deletes(ground, of, record), third.come)
    assert outcome == (None, None)
    assert third.answer is None or third.answer.faults == (Fault((field,), "does not exist", missing=True),)
    assert referred(ground, kind, number, field) is None


@of_tasks
def test_a_copy_that_is_made_while_what_the_task_refers_to_is_deleted_does_without_it(
    ground: Ground, open_store: Callable[[], Store], field: str, of: str
) -> None:
    record = made(ground, of)
    number = made(ground, "task", **{field: record})
    tasks = ground.kept("task")
    assert isinstance(tasks, Tasks)
    _, copy = overlap(
        ground.store,
        deletes(ground, of, record),
        open_store(),
        lambda tx: tasks.clone(tx, ground.actors[ADMIN], number, now=ground.time),
    )
    assert referred(ground, "task", copy, field) is None


def test_a_location_and_the_type_of_it_and_of_one_below_it_are_deleted_at_once(
    ground: Ground, open_store: Callable[[], Store]
) -> None:
    what = made(ground, "location_type")
    below, upper = (made(ground, "location", location_type=what) for _ in range(2))
    ground.change("location", below, parent=upper)
    # PostgreSQL comes to a row that has been written anew after the others.
    ground.change("location", upper, name="written last")
    with Third(ground, open_store(), deletes(ground, "location_type", what)) as third:
        _, deleted = overlap(
            ground.store, locks(ground, "location", upper), open_store(), deletes(ground, "location", upper), third.come
        )
    assert (deleted, third.answer) == (None, None)
    left = ground.get("location", below)
    assert (left.parent_id, left.location_type_id) == (None, None)
