"""Lists that are asked for again are remembered, and never for longer than they are true."""

import random
import time
from collections.abc import Callable

import numpy as np
import pytest

from ground import Ground
from rota.domain.field.queries import Comparison, Condition, Order, Query
from rota.store import memory
from rota.store.memory import Changes, Memory, Recall
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


def test_a_connection_that_is_younger_than_an_answer_asks_anew() -> None:
    """The database may have crashed between them, and call another state by the same name."""
    shared, answers = Memory(), [1, 2]

    def find(opened_at: float) -> int:
        recall = Recall(shared, lambda state, counted: Changes("905:905:", frozenset()), opened_at)
        return recall.current("how many?", lambda: answers.pop(0))

    assert find(0.0) == find(0.0) == 1
    assert find(time.monotonic()) == find(0.0) == 2


def test_what_was_asked_for_the_longest_time_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ROOM", 10_000)
    recall = Recall(Memory(), lambda state, counted: Changes(1, frozenset()), 0.0)
    found: list[str] = []

    def ask(question: str) -> None:
        recall.current(question, lambda: found.append(question))

    for question in ("a", "b", "c", "d", "a", "e", "a", "b", "f", "a", "c"):
        ask(question)
    assert found == ["a", "b", "c", "d", "e", "f", "c"]


def test_what_takes_more_room_than_there_is_is_not_kept() -> None:
    recall = Recall(Memory(), lambda state, counted: Changes(1, frozenset()), 0.0)
    asked: list[int] = []
    for _ in range(2):
        recall.current("all", lambda: (asked.append(1), np.zeros(memory.ROOM, np.int8))[1])
    assert len(asked) == 2
