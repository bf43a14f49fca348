"""Bulk jobs of the field: known by their numbers, to admins of their account, and what tasks may be about."""

from collections.abc import Callable
from typing import Any

import pytest

import planted
from ground import ADMIN, ANN, SECOND, START, STRANGER, Ground
from races import overlap
from rota.domain.errors import Forbidden, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.jobs import NumberedJob
from rota.domain.field.queries import Comparison, Condition, Found, Order, Query
from rota.domain.jobs import KEPT, Status
from rota.operations.field import task_batches
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore

ELSEWHERE = "e" * 32
JOB = 17


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def task(ground: Ground, number: int, **given: Any) -> int:
    return ground.create("task", name="t", start="2018-07-01", target_content_type=JOB, target_id=number, **given)


def faults(change: Callable[[], Any]) -> tuple[Fault, ...]:
    with pytest.raises(UnfitRecord) as raised:
        change()
    return raised.value.faults


def target(ground: Ground, task_id: int) -> tuple[int, int]:
    found = ground.get("task", task_id)
    return found.target_content_type, found.target_id


def matching(ground: Ground, *conditions: Condition, **query: Any) -> tuple[int, ...]:
    return ground.find("job", Query(conditions, **query)).ids


def test_a_job_is_known_by_its_number(ground: Ground) -> None:
    times = {"created_at": START, "started_at": START + 1, "ended_at": START + SECOND}
    counts = {"total_count": 5, "success_count": 3, "failure_count": 2}
    number = planted.job(ground, "j1", file_name="a.csv", status="partial", **times, **counts)
    assert ground.get("job", number) == NumberedJob(
        number, "j1", "trial", "row", "a.csv", Status.PARTIAL, 5, 3, 2, START, START + 1, START + SECOND
    )
    bare = ground.get("job", planted.job(ground, "j2"))
    assert (bare.file_name, bare.total_count, bare.started_at, bare.ended_at) == (None, None, None, None)


def test_a_number_is_never_given_out_twice(ground: Ground) -> None:
    first, second = planted.job(ground, "a"), planted.job(ground, "b")
    planted.execute(ground, "DELETE FROM jobs")
    third = planted.job(ground, "a")
    assert first < second < third
    assert [each.job_id for each in ground.load("job", [first, second, third])] == ["a"]


def test_jobs_are_for_admins_of_the_account_and_nobody_writes_them(ground: Ground) -> None:
    number = planted.job(ground, "a")
    assert ground.find("job", who=STRANGER) == Found((), 0)
    assert ground.load("job", [number], who=STRANGER) == []
    for ask in (lambda: ground.find("job", who=ANN), lambda: ground.load("job", [number], who=ANN)):
        with pytest.raises(Forbidden):
            ask()
    writing: list[Callable[[], Any]] = [
        lambda: ground.create("job", category="trial"),
        lambda: ground.change("job", number, status="success"),
        lambda: ground.delete("job", number),
    ]
    for write in writing:
        with pytest.raises(Forbidden):
            write()


def test_jobs_are_found_by_what_is_told_of_them(ground: Ground) -> None:
    one = planted.job(ground, "a", status="success", created_at=30)
    two = planted.job(ground, "b", category="queue", created_at=20)
    three = planted.job(ground, "c", action="add", created_at=10)
    planted.job(ground, "d", account_id=ELSEWHERE)
    assert ground.find("job") == Found((one, two, three), 3)
    for field, value, found in (
        ("id", two, (two,)),
        ("job_id", "c", (three,)),
        ("job_id", "d", ()),
        ("status", "success", (one,)),
        ("category", "queue", (two,)),
        ("action", "add", (three,)),
        ("created", 20, (two,)),
    ):
        assert matching(ground, Condition(field, Comparison.EXACT, value)) == found, field
    assert matching(ground, Condition("id", Comparison.GT, one), Condition("created", Comparison.LT, 20)) == (three,)
    assert matching(ground, Condition("status", Comparison.IN, ("success", "stopped"))) == (one,)


def test_jobs_are_sorted_by_number_or_by_when_they_were_created(ground: Ground) -> None:
    numbers = [planted.job(ground, name, created_at=at) for name, at in (("c", 20), ("b", 10), ("a", 20))]
    one, two, three = numbers
    for order, found in (
        ((), (one, two, three)),
        ((Order("id", descending=True),), (three, two, one)),
        ((Order("created"),), (two, one, three)),
        ((Order("created", descending=True),), (one, three, two)),
    ):
        assert matching(ground, order=order) == found
    assert matching(ground, limit=1, offset=1) == (two,)


@pytest.mark.parametrize("status", KEPT)
def test_a_task_may_be_about_a_job_whatever_became_of_it(ground: Ground, status: Status) -> None:
    first, second = (planted.job(ground, name, status=status.value) for name in "ab")
    made = task(ground, first)
    assert target(ground, made) == (JOB, first)
    ground.change("task", made, target_id=second)
    assert target(ground, made) == (JOB, second)
    ground.change("task", made, target_content_type=13, target_id=ground.actors[ADMIN].user.id)
    ground.change("task", made, target_content_type=JOB, target_id=first)
    assert target(ground, made) == (JOB, first)


def test_a_job_that_is_not_there_is_refused_as_other_targets_are(ground: Ground) -> None:
    mine, theirs = planted.job(ground, "a"), planted.job(ground, "b", account_id=ELSEWHERE)
    made = task(ground, mine)
    for number in (theirs, theirs + 1):
        told = (Fault(("target_id",), "is the id of no job"),)
        assert faults(lambda number=number: task(ground, number)) == told  # type: ignore[misc]
        assert faults(lambda number=number: ground.change("task", made, target_id=number)) == told  # type: ignore[misc]
    assert target(ground, made) == (JOB, mine)


def test_a_batch_knows_jobs_by_number_and_spares_its_other_rows(ground: Ground) -> None:
    mine, theirs = planted.job(ground, "a"), planted.job(ground, "b", account_id=ELSEWHERE)
    row = {"name": "t", "start": "2018-07-01", "target_content_type": "job"}
    givens = [{**row, "target_id": f"{number}"} for number in (mine, theirs, mine)]
    with ground.store.write() as tx:
        outcomes = task_batches.import_all(tx, ground.actors[ADMIN], givens, ground.terms, now=ground.time)
    assert outcomes[1] == (Fault(("target_id",), "is the id of no job"),)
    assert [target(ground, each) for each in outcomes if isinstance(each, int)] == [(JOB, mine)] * 2


def test_a_task_outlives_the_job_that_it_is_about(ground: Ground) -> None:
    number = planted.job(ground, "a")
    made = task(ground, number)
    planted.execute(ground, "DELETE FROM jobs")
    assert target(ground, made) == (JOB, number)
    ground.change("task", made, name="still there")
    assert faults(lambda: ground.change("task", made, target_id=number)) == (
        Fault(("target_id",), "is the id of no job"),
    )


def test_a_job_is_not_deleted_while_a_task_comes_to_be_about_it(
    ground: Ground, open_store: Callable[[], Store]
) -> None:
    number = planted.job(ground, "a")
    given = {"name": "t", "start": "2018-07-01", "target_content_type": JOB, "target_id": number}

    def is_there(tx: Tx) -> bool:
        return bool(tx.all("jobs_known", account_id=ground.actors[ADMIN].account.id, ids=f"[{number}]"))

    there, gone = overlap(
        ground.store,
        lambda tx: ground.kept("task").create(tx, ground.actors[ADMIN], given, now=ground.time),
        open_store(),
        lambda tx: tx.run("job_delete", id="a", from_status="pending"),
        then=is_there,
    )
    assert (there, gone) == (True, 1)
    assert ground.load("job", [number]) == []


def test_a_job_runs_on_while_a_task_comes_to_be_about_it(ground: Ground, open_store: Callable[[], Store]) -> None:
    if not isinstance(ground.store, PostgresStore):
        pytest.skip("of SQLite one writes at a time")
    number, other = planted.job(ground, "a"), open_store()
    with ground.store.write() as tx:
        given = {"name": "t", "start": "2018-07-01", "target_content_type": JOB, "target_id": number}
        ground.kept("task").create(tx, ground.actors[ADMIN], given, now=ground.time)
        with other.write() as at_work:
            at_work._connection.execute("SET LOCAL lock_timeout = '1s'")  # type: ignore[attr-defined]
            assert at_work.value("job_exists", id="a") == 1
            assert at_work._connection.execute("SELECT id FROM jobs FOR UPDATE").rowcount == 1  # type: ignore[attr-defined]
