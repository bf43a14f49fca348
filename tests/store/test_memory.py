"""Lists that are asked for again are remembered, and never for longer than they are true."""

import random
import time
from collections.abc import Callable

import pytest

from ground import Ground
from rota.domain.field.queries import Comparison, Condition, Found, Order, Query
from rota.operations.field import lists
from rota.store.memory import Memory
from rota.store.port import Store
from support import wait_until

A_AND_B = Query(conditions=(Condition("name", Comparison.IN, ("a", "b")),), order=(Order("name"),))


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def asked(statements: list[str]) -> list[str]:
    found = [each for each in statements if each.startswith("clients_")]
    statements.clear()
    return found


def test_the_same_question_is_asked_once_while_nothing_changes(ground: Ground, statements: list[str]) -> None:
    ground.create("client", name="a")
    first = ground.find("client", A_AND_B)
    assert asked(statements)
    # What rings after the commit is a transaction, too.
    wait_until(lambda: ground.find("client", A_AND_B) == first and asked(statements) == [], "an answer from memory")
    ground.find("client", Query(limit=3))
    assert asked(statements)


@pytest.mark.parametrize("seed", range(3))
def test_whoever_writes_is_seen_by_all_who_ask_afterwards(open_store: Callable[[], Store], seed: int) -> None:
    chance = random.Random(seed)
    stores = [open_store() for _ in range(3)]
    stores[0].migrate()
    grounds = [Ground.found(stores[0])]
    grounds += [Ground(each, actors=grounds[0].actors) for each in stores[1:]]
    there: dict[int, str] = {}
    for _ in range(60):
        ground, name = chance.choice(grounds), chance.choice("abc")
        if chance.random() < 0.2 and there:
            number = chance.choice(list(there))
            ground.delete("client", number)
            del there[number]
        elif chance.random() < 0.4:
            there[ground.create("client", name=name)] = name
        wanted = sorted((name, number) for number, name in there.items() if name != "c")
        found = chance.choice(grounds).find("client", A_AND_B)
        assert (found.ids, found.count) == (tuple(number for _, number in wanted[:20]), len(wanted))


def test_what_was_undone_is_not_remembered(ground: Ground) -> None:
    ground.create("client", name="a")
    with pytest.raises(ZeroDivisionError), ground.store.write() as tx:
        ground.kept("client").create(tx, ground.actors["admin@localhost"], {"name": "b"}, now=1)
        ground.kept("client").find(tx, ground.actors["admin@localhost"], A_AND_B, now=1)
        raise ZeroDivisionError
    assert ground.find("client", A_AND_B).count == 1


def test_an_open_look_goes_on_seeing_what_it_saw(open_store: Callable[[], Store]) -> None:
    one, other = (Ground(each) for each in (open_store(), open_store()))
    one.store.migrate()
    one.actors = other.actors = Ground.found(one.store).actors
    one.create("client", name="a")
    actor, clients = one.actors["admin@localhost"], one.kept("client")
    with one.store.read() as tx:
        assert clients.find(tx, actor, A_AND_B, now=1).count == 1
        other.create("client", name="b")
        assert one.find("client", A_AND_B).count == 2
        assert clients.find(tx, actor, A_AND_B, now=1).count == 1
    assert one.find("client", A_AND_B).count == 2


def test_lists_of_tasks_outlive_what_they_do_not_depend_on(ground: Ground, statements: list[str]) -> None:
    target = ground.create("location", name="here")
    task = ground.create("task", name="a", start="2025-01-01", target_content_type=15, target_id=target)
    by_count = Query(order=(Order("submission_count"),))
    for query in (Query(), by_count):
        ground.find("task", query)
    statements.clear()
    ground.create("client", name="another")
    with ground.store.write() as tx:
        counts = {"submitted": 1, "approved": 0, "pending": 1, "rejected": 0, "paid": 0}
        tx.run("task_count_submissions", id=task, **counts)
    ground.find("task", Query())
    assert "tasks_count" not in statements
    ground.find("task", by_count)
    assert "tasks_count" in statements


CHANGES = {
    "task": lambda ground, task: ground.change("task", task, name="b"),
    "calendar": lambda ground, task: ground.change("task", task, timing_rule="FREQ=DAILY;COUNT=3"),
    "locations": lambda ground, task: ground.change("task", task, locations=[]),
    "location": lambda ground, task: ground.delete("location", ground.find("location", Query()).ids[-1]),
    "client": lambda ground, task: ground.delete("client", ground.find("client", Query()).ids[0]),
    "deletion": lambda ground, task: ground.delete("task", task),
    "another": lambda ground, task: ground.create("task", **TASK),
}
"""What changes lists of tasks, by what is changed."""

TASK = {"name": "a", "start": "2025-01-01", "target_content_type": 13, "target_id": 1}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_list_of_tasks_is_a_new_state(open_store: Callable[[], Store], change: str) -> None:
    one, other = open_store(), open_store()
    one.migrate()
    here = Ground.found(one)
    there = Ground(other, actors=here.actors)
    place, client = here.create("location", name="here"), here.create("client", name="c")
    TASK["target_id"] = here.find("user", Query()).ids[0]
    task = here.create("task", **TASK, locations=[place], client=client, timing_rule="FREQ=DAILY;COUNT=2")
    state = _state(there)
    assert _state(there) == state
    CHANGES[change](here, task)
    assert _state(there) != state
    state = _state(there)
    with one.write() as tx:
        lists.gather_changes(tx)
    assert _state(there) == state


def _state(ground: Ground) -> int:
    with ground.store.read() as tx:
        return int(tx.value("lists_state", words='["tasks"]'))


def test_a_connection_that_is_younger_than_an_answer_asks_anew() -> None:
    """The database may have crashed between them, and call another state by the same name."""
    memory, answers = Memory(), [Found((1,), 1), Found((), 0)]

    def find(opened_at: float) -> Found:
        return memory.find("clients", Query(), {}, "905:905:", lambda: answers.pop(0), opened_at=opened_at)

    assert find(0.0) == find(0.0) == Found((1,), 1)
    assert find(time.monotonic()) == find(0.0) == Found((), 0)
