"""Submissions that meet what others do to their task, its locations and themselves: one waits, sees what was done."""

from collections.abc import Callable
from typing import Any

import pytest

from answering import NAIROBI, Answering, point
from ground import ADMIN, ANN
from races import overlap
from rota.domain.errors import RecordNeeded, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.operations.field.collection import Collection
from rota.operations.field.locations import Locations
from rota.store.port import Store, Tx

Change = Callable[[Tx], Any]


@pytest.fixture
def field(store: Store) -> Answering:
    return Answering.found(store)


@pytest.fixture
def other(open_store: Callable[[], Store], store: Store) -> Store:
    return open_store()


def deletes(field: Answering, collection: Collection, number: int) -> Change:
    return lambda tx: collection.delete(tx, field.ground.actors[ADMIN], number, now=field.ground.time)


def submits(field: Answering, **given: Any) -> Change:
    kept, actor = field.ground.kept("submission"), field.ground.actors[ANN]
    return lambda tx: kept.create(tx, actor, given, now=field.ground.time)


def reviews(field: Answering, number: int, status: str) -> Change:
    kept, actor = field.ground.kept("submission"), field.ground.actors[ADMIN]
    return lambda tx: kept.change(tx, actor, number, {"status": status}, now=field.ground.time)


def test_a_task_that_is_deleted_just_now_takes_no_submission(field: Answering, other: Store) -> None:
    task = field.task()
    _, sent = overlap(
        field.ground.store, deletes(field, field.ground.kept("task"), task), other, submits(field, task=task)
    )
    assert isinstance(sent, UnfitRecord)
    assert sent.faults == (Fault(("task",), "does not exist", missing=True),)


def test_a_task_that_is_answered_just_now_stays(field: Answering, other: Store) -> None:
    task = field.task()
    sent, refused = overlap(
        field.ground.store, submits(field, task=task), other, deletes(field, field.ground.kept("task"), task)
    )
    assert isinstance(refused, RecordNeeded)
    assert field.get(sent).task_id == task


def test_a_location_that_is_answered_from_just_now_stays(field: Answering, other: Store) -> None:
    task = field.task()
    place = field.disc(task, 100)
    locations = Locations(field.ground.terms)
    submit = submits(field, task=task, geopoint=point(*NAIROBI))
    sent, refused = overlap(field.ground.store, submit, other, deletes(field, locations, place))
    assert isinstance(refused, RecordNeeded)
    assert field.get(sent).location_id == place


def test_a_location_that_is_deleted_just_now_is_none_of_the_tasks_any_more(field: Answering, other: Store) -> None:
    task = field.task()
    place = field.disc(task, 100)
    locations = Locations(field.ground.terms)
    submit = submits(field, task=task, location=place)
    _, sent = overlap(field.ground.store, deletes(field, locations, place), other, submit)
    assert isinstance(sent, UnfitRecord)
    assert sent.faults == (Fault(("location",), "does not exist", missing=True),)


def test_a_submission_that_is_deleted_just_now_is_not_reviewed(field: Answering, other: Store) -> None:
    task = field.task()
    field.bounty(task, 500)
    number = field.submit(task).id
    delete = deletes(field, field.ground.kept("submission"), number)
    _, refused = overlap(field.ground.store, delete, other, reviews(field, number, "a"))
    assert isinstance(refused, RecordNotFound)
    assert field.counts(task) == (0, 0, 0, 0, 0)
    field.check()


def test_a_submission_that_is_paid_just_now_is_not_deleted(field: Answering, other: Store) -> None:
    task = field.task()
    field.bounty(task, 500)
    number = field.submit(task).id
    delete = deletes(field, field.ground.kept("submission"), number)
    _, refused = overlap(field.ground.store, reviews(field, number, "a"), other, delete)
    assert isinstance(refused, RecordNeeded)
    assert field.earned(ANN) == 500
    field.check()
