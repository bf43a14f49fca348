"""Batches of new tasks: as if they were created one by one, in a number of statements that does not grow with them."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import planted
from ground import ADMIN, ANN, ROOT, STRANGER, Ground
from rota.domain.errors import Forbidden
from rota.domain.field.queries import Comparison, Condition, Query
from rota.domain.field.tasks import Task
from rota.domain.field.terms import Terms
from rota.operations.field import task_batches
from rota.store.port import Store

NAIROBI = Terms(ZoneInfo("Africa/Nairobi"), "Africa/Nairobi")
WHOLE = {"name": "a", "timing_rule": "FREQ=DAILY;COUNT=3", "target_content_type": "user", "target_id": "1"}


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store, NAIROBI)


def imported(ground: Ground, givens: Sequence[dict[str, Any]], who: str = ADMIN) -> list[task_batches.Outcome]:
    with ground.store.write() as tx:
        return task_batches.import_all(tx, ground.actors[who], givens, ground.terms, now=ground.time)


def location(ground: Ground, name: str) -> int:
    columns = {"account_id": ROOT, "name": name, "country": "", "description": "", "created_at": 1, "modified_at": 1}
    return planted.insert(ground, "locations", **columns)


def ids(ground: Ground, givens: Sequence[dict[str, Any]]) -> list[int]:
    outcomes = imported(ground, givens)
    assert all(isinstance(each, int) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, int)]


def paths(outcome: task_batches.Outcome) -> set[tuple[str | int, ...]]:
    assert isinstance(outcome, tuple)
    return {fault.path for fault in outcome}


def facts(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in Task.__slots__ if name not in {"id", "bounty_id"}}


def occurrences(ground: Ground, task_id: int) -> list[Any]:
    page = Query(conditions=(Condition("task", Comparison.EXACT, task_id),), limit=1_000)
    return [each.occurrence for each in ground.load("occurrence", ground.find("occurrence", page).ids)]


def story(ground: Ground, task_id: int) -> list[Any]:
    told = [(event["kind"], json.loads(event["facts"])) for event in ground.events(f"task:{task_id}")]
    return [(kind, {name: value for name, value in said.items() if name != "bounty"}) for kind, said in told]


@pytest.mark.parametrize(
    "given",
    [
        {"timing_rule": "FREQ=DAILY;COUNT=3", "amount": "12.50", "status": "a"},
        {"timing_rule": "FREQ=WEEKLY;BYDAY=MO,FR", "locations": ["a shop", "a mall"]},
        {"start": "2030-01-01T07:00", "status": "a", "client": "Acme"},
        {"timing_rule": "FREQ=HOURLY;INTERVAL=5", "end": "2018-07-01"},
    ],
)
def test_a_task_of_a_batch_is_as_one_that_is_created_by_itself(ground: Ground, given: dict[str, Any]) -> None:
    named = {"client": ground.create("client", name="Acme")}
    places = {name: location(ground, name) for name in ("a shop", "a mall")}
    alone = {name: named.get(name, value) for name, value in given.items()}
    alone["locations"] = [places[name] for name in given.get("locations", ())]
    one = ground.create("task", name="a", target_content_type=13, target_id=1, **alone)
    _, other, _ = ids(ground, [WHOLE, {**{k: v for k, v in WHOLE.items() if k != "timing_rule"}, **given}, WHOLE])
    created, made = ground.load("task", [one, other])
    assert facts(created) == facts(made)
    assert occurrences(ground, one) == occurrences(ground, other)
    assert story(ground, one) == story(ground, other)


def test_the_current_bounty_is_the_tasks_own(ground: Ground) -> None:
    tasks = ground.load("task", ids(ground, [{**WHOLE, "amount": f"{each}"} for each in (1, 2, 3)] + [WHOLE]))
    assert [each.bounty_amount for each in tasks] == [100, 200, 300, None]
    bounties = ground.load("bounty", [each.bounty_id for each in tasks if each.bounty_id])
    assert [each.task_id for each in bounties] == [each.id for each in tasks[:3]]
    ground.change("task", tasks[0].id, amount=9)
    assert ground.get("bounty", ground.get("task", tasks[0].id).bounty_id or 0).amount == 900


def test_tasks_are_there_for_whoever_comes_next(ground: Ground) -> None:
    """Ids that were reserved are not given again, and what is created later gets others."""
    first = ids(ground, [WHOLE] * 3)
    alone = ground.create("task", **{**WHOLE, "target_content_type": 13})
    assert [*first, alone] == sorted({*first, alone, *ids(ground, [WHOLE] * 60)} & {*first, alone})


def test_the_statements_do_not_grow_with_the_rows(ground: Ground, statements: list[str]) -> None:
    ground.create("client", name="Acme")
    location(ground, "a shop")
    (parent,) = ids(ground, [WHOLE])
    given = {**WHOLE, "client": "Acme", "locations": ["a shop"], "amount": "5", "parent": f"{parent}"}
    counted = []
    for size in (2, 120):
        statements.clear()
        ids(ground, [{**given, "name": f"{number}"} for number in range(size)])
        counted.append(list(statements))
    assert counted[0] == counted[1]


def test_what_is_wrong_with_one_row_spares_the_others(ground: Ground) -> None:
    ground.create("client", name="Acme")
    ground.create("client", name="Acme")
    broken = {**WHOLE, "client": "Acme", "locations": ["nowhere", "77"], "amount": "0", "parent": "9"}
    before, unfit, after = imported(ground, [WHOLE, broken, WHOLE])
    assert paths(unfit) == {("client",), ("locations", "nowhere"), ("locations", "77"), ("amount",), ("parent",)}
    assert len(occurrences(ground, before)) == len(occurrences(ground, after)) == 3  # type: ignore[arg-type]
    assert ground.find("task").count == 2


def test_names_that_no_database_could_hold_are_of_nothing(ground: Ground) -> None:
    for name in ("a\0b", "\ud800", "x" * 300, "'; DROP TABLE tasks; --", "%s %(a)s"):
        (outcome,) = imported(ground, [{**WHOLE, "client": name}])
        assert paths(outcome) == {("client",)}


def test_members_and_strangers(ground: Ground) -> None:
    ground.create("client", name="Acme")
    with pytest.raises(Forbidden):
        imported(ground, [WHOLE], ANN)
    (outcome,) = imported(ground, [{**WHOLE, "client": "Acme"}], STRANGER)
    assert paths(outcome) == {("client",), ("target_id",)}


def test_more_occurrences_than_are_held_at_once_are_written_in_loads(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_batches, "LOAD", 7)
    found = ids(ground, [{**WHOLE, "name": f"{number}"} for number in range(10)])
    assert [each.name for each in ground.load("task", found)] == [f"{number}" for number in range(10)]
    assert {len(occurrences(ground, each)) for each in found} == {3}


def test_a_task_may_move_in_the_tree_while_others_come_below_it(ground: Ground) -> None:
    parent, above = ids(ground, [WHOLE, WHOLE])

    def come() -> None:
        for _ in range(5):
            ids(ground, [{**WHOLE, "parent": f"{parent}"}] * 20)

    def move() -> None:
        for turn in range(10):
            ground.change("task", parent, parent=None if turn % 2 else above)

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(each) for each in (come, come, move)]:
            done.result()
    assert ground.find("task").count == 2 + 200
