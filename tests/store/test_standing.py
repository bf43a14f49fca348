"""Lists of tasks that are brought up to date are those that would be found anew, whatever was changed and by whom."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import ADMIN, BOB, ROOT, Ground
from rota.domain.errors import Refusal
from rota.domain.field.queries import Comparison, Condition, Found, Order, Query
from rota.operations.field import lists
from rota.store import finding, memory, standing
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore
from rota.store.standing import merged

IS, NOON = Comparison.EXACT, 43_200_000_000
CONDITIONS: tuple[tuple[Condition, ...], ...] = (
    (),
    (Condition("status", IS, "a"),),
    (Condition("required_expertise", Comparison.GTE, 2), Condition("status", Comparison.IN, ("a", "d"))),
    (Condition("client", Comparison.ISNULL, True),),
    (Condition("locations", Comparison.IN, (1, 2)),),
    (Condition("date", Comparison.GTE, 20250103),),
    (Condition("date", Comparison.ISNULL, True),),
    (
        Condition("date", Comparison.WITHIN, ((20250102, 20250103),)),
        Condition("start_time", Comparison.LT, 43_200_000_000),
    ),
    (Condition("segment_rules", IS, 1),),
)
ORDERS: tuple[tuple[Order, ...], ...] = (
    (Order("start"), Order("name")),
    (Order("name", True),),
    (Order("submission_count", True),),
    (Order("bounty_amount"),),
    (Order("end", True), Order("status")),
)
QUERIES = tuple(
    Query(conditions, words, order=order, limit=7, offset=offset)
    for conditions in CONDITIONS
    for words in ((), ("b",))
    for order in ORDERS
    for offset in (0, 7)
)
NAMES = ("a", "ab", "b", "c")


@pytest.fixture(params=[(500, 500), (0, 500), (0, 10), (0, 0)], ids=["few", "ahead", "beyond", "standing"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which way to a page is taken."""
    few, ahead = request.param
    monkeypatch.setattr(standing, "FEW", few)
    monkeypatch.setattr(standing, "AHEAD", ahead)
    monkeypatch.setattr(standing, "POSTS", 3)


@given(
    order=st.lists(st.integers(1, 60), unique=True).flatmap(st.permutations),
    changed=st.frozensets(st.integers(1, 80), max_size=12),
    posts=st.sampled_from([1, 2, 3, 64]),
    chance=st.randoms(use_true_random=False),
)
def test_what_has_changed_is_put_where_it_belongs(
    order: list[int], changed: frozenset[int], posts: int, chance: random.Random
) -> None:
    """Wherever that is, whether it was there before, and whether it still is."""
    gone = {each for each in changed if chance.random() < 0.3}
    place = {each: 2 * at for at, each in enumerate(order)}
    place |= {each: chance.randrange(-2, 2 * len(order) + 2) for each in changed}

    def sort(ids: standing.Ids) -> standing.Ids:
        return np.array(sorted(set(ids.tolist()) - gone, key=lambda each: (place[each], each)), np.int64)

    there = ({*order} | changed) - gone
    expected = sort(np.array([*there], np.int64)).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standing, "POSTS", posts)
        assert merged(np.array(order, np.int64), changed, sort).tolist() == expected
        first = merged(np.array(order, np.int64), changed, sort, first=True).tolist()
    # Others may stand behind these.
    assert first == expected[: len(first)]
    assert {*order} - changed <= {*first}


def ask(tx: Tx, query: Query) -> tuple[Found, Found]:
    """What is remembered, and what a search finds in the same transaction."""
    searched = finding.find(tx._fill, "tasks", query, {"account_id": ROOT})  # type: ignore[attr-defined]
    return tx.find("tasks", query, account_id=ROOT), searched


class Hands:
    """What somebody may do to the tasks of an account, by chance."""

    def __init__(self, ground: Ground, chance: random.Random) -> None:
        self.ground, self.chance = ground, chance

    def do(self) -> None:
        verbs = (self.create, self.create, self.patch, self.patch, self.patch, self.submit, self.delete, self.take_away)
        # Another may have been faster.
        with suppress(Refusal):
            self.chance.choice(verbs)()

    def _one(self, kind: str) -> int | None:
        ids = self.ground.find(kind, Query(limit=1000)).ids
        return self.chance.choice(ids) if ids else None

    def _given(self) -> dict[str, object]:
        chance = self.chance
        given = {
            "name": chance.choice(NAMES),
            "status": chance.choice("abd"),
            "required_expertise": chance.choice("123"),
            "amount": chance.choice(["10", "20", "30"]),
            "client": chance.choice([None, self._one("client")]),
            "locations": sorted({each for each in (self._one("location"), self._one("location")) if each}),
            "segment_rules": [each for each in (self._one("segment_rule"),) if each and chance.random() < 0.5],
            "timing_rule": f"DTSTART:2025010{chance.randrange(1, 5)}T{chance.choice(['08', '16'])}0000Z\n"
            f"RRULE:FREQ=DAILY;COUNT={chance.randrange(1, 4)}",
        }
        return {name: given[name] for name in chance.sample([*given], chance.randrange(1, len(given)))}

    def create(self) -> None:
        target = self.ground.find("user", Query()).ids[0]
        fixed = {"name": "a", "start": "2025-01-01", "target_content_type": 13, "target_id": target}
        self.ground.create("task", **{**fixed, **self._given()})

    def patch(self) -> None:
        if task := self._one("task"):
            self.ground.change("task", task, **self._given())

    def submit(self) -> None:
        if task := self._one("task"):
            self.ground.create("submission", task=task, data={})

    def delete(self) -> None:
        if task := self._one("task"):
            self.ground.delete("task", task)

    def take_away(self) -> None:
        kind = self.chance.choice(["client", "location", "segment_rule", "changes"])
        if kind == "changes":
            with self.ground.store.write() as tx:
                lists.forget_changes(tx)
        elif record := self._one(kind):
            self.ground.delete(kind, record)
            self.furnish(kind)

    def furnish(self, kind: str) -> None:
        more = {"segment_rule": {"target_content_type": 13, "target_field": "role", "target_field_value": "member"}}
        self.ground.create(kind, name="n", **more.get(kind, {}))


@pytest.fixture
def hands(store: Store, open_store: Callable[[], Store]) -> Iterator[list[Hands]]:
    """Of three processes."""
    stores = [store, open_store(), open_store()]
    grounds = [Ground.found(stores[0])]
    grounds += [Ground(each, actors=grounds[0].actors) for each in stores[1:]]
    made = [Hands(each, random.Random(number)) for number, each in enumerate(grounds)]
    for kind in ("client", "location", "segment_rule") * 2:
        made[0].furnish(kind)
    for _ in range(20):
        made[0].create()
    yield made


@pytest.mark.usefixtures("way")
def test_a_list_is_what_a_search_finds(hands: list[Hands]) -> None:
    chance = random.Random(4)
    for _ in range(40):
        chance.choice(hands).do()
        with chance.choice(hands).ground.store.read() as tx:
            for query in chance.sample(QUERIES, 4):
                remembered, searched = ask(tx, query)
                assert remembered == searched, query


@pytest.mark.usefixtures("way")
def test_a_list_is_that_of_its_own_moment_while_others_write(hands: list[Hands]) -> None:
    """A look that began earlier does not see what another has remembered of later."""
    over = threading.Event()

    def write(hand: Hands) -> None:
        while not over.is_set():
            hand.do()

    def look(number: int) -> None:
        chance, store = random.Random(number), hands[number % 2].ground.store
        for _ in range(15):
            with store.read() as tx:
                for query in chance.sample(QUERIES, 3):
                    remembered, searched = ask(tx, query)
                    assert remembered == searched, query

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, hand) for hand in hands[1:]]
        looks = [pool.submit(look, number) for number in range(4)]
        try:
            for each in looks:
                each.result()
        finally:
            over.set()
        for writer in writers:
            writer.result()


def test_of_what_has_changed_only_that_is_looked_at(hands: list[Hands], statements: list[str]) -> None:
    ground = hands[0].ground
    query = Query((Condition("status", IS, "a"),), order=(Order("name"),))
    ground.find("task", query)
    task = ground.find("task").ids[0]
    ground.change("task", task, name="another")
    statements.clear()
    found = ground.find("task", query)
    assert "tasks_passing" in statements and "tasks_ids" not in statements
    statements.clear()
    ground.create("client", name="of no task")
    statements.clear()
    assert ground.find("task", query) == found
    assert statements == ["task_changes_since"]


def test_submissions_leave_lists_standing_that_do_not_count_them(hands: list[Hands], statements: list[str]) -> None:
    ground = hands[0].ground
    plain, counting = Query(order=(Order("name"),)), Query(order=(Order("submission_count"),))
    for query in (plain, counting):
        ground.find("task", query)
    ground.create("submission", who=BOB, task=ground.find("task").ids[0], data={})
    statements.clear()
    ground.find("task", plain)
    assert statements == ["task_changes_since"]
    ground.find("task", counting)
    assert "tasks_sorted" in statements


def test_so_much_may_change_that_all_is_found_anew(
    hands: list[Hands], statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST", 3)
    ground = hands[0].ground
    ground.find("task")
    for task in ground.find("task").ids[:5]:
        ground.change("task", task, name="changed")
    statements.clear()
    ground.find("task")
    assert "tasks_ids" in statements


def test_changes_are_forgotten_when_there_are_many(store: Store) -> None:
    ground = Ground.found(store)
    with store.read() as tx:
        assert not lists.has_many_changes(tx)
    with store.write() as tx:
        many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) SELECT i FROM n"
        tx._connection.execute(f"INSERT INTO task_changes (task_id) {many}")  # type: ignore[attr-defined]
    with store.read() as tx:
        assert lists.has_many_changes(tx)
    with store.write() as tx:
        lists.forget_changes(tx)
    with store.read() as tx:
        assert not lists.has_many_changes(tx)
    assert ground.find("task", who=ADMIN) == Found((), 0)


def test_changes_that_another_server_has_numbered_are_forgotten(store: Store) -> None:
    """They came with a dump, and would count as changed for ever."""
    if not isinstance(store, PostgresStore):
        pytest.skip("SQLite numbers its changes in the table")
    with store.write() as tx:
        sql = "INSERT INTO task_changes (writer, task_id) VALUES ('99999999999', 1)"
        tx._connection.execute(sql)  # type: ignore[attr-defined]
    with store.read() as tx:
        assert lists.has_many_changes(tx)


@pytest.mark.parametrize("at", [0, 1, 63, 64, 4_096, 50_000, 99_998, 99_999])
def test_three_looks_find_a_place_among_many(at: int) -> None:
    asked: list[int] = []
    order = np.arange(1, 100_001)

    def sort(ids: standing.Ids) -> standing.Ids:
        asked.append(len(ids))
        return np.array(sorted(ids.tolist(), key=lambda each: at + 0.5 if each == 200_000 else each), np.int64)

    assert merged(order, frozenset({200_000}), sort).tolist().index(200_000) == at
    assert len(asked) <= 3 and max(asked) <= 66
