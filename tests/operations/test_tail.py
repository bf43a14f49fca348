"""Following the log: every event that is committed is told once, in the order of ids, however late it commits."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from desk import ROOT, Desk, query
from plans import plan
from rota.domain.errors import StoreUnavailable
from rota.domain.events import Event, Kind
from rota.operations import item_batches, items, tail
from rota.operations.events import record
from rota.operations.tail import Tail, newest
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore
from support import PATIENCE_S

Open = Callable[[], Store]


class Changed(Exception):
    """Somebody changed their mind."""


def write(tx: Tx, name: str) -> None:
    record(tx, Event(1, Kind.JOB_ENDED, ROOT, f"job:{name}", facts={"name": name}))


def add(store: Store, *names: str) -> None:
    with store.write() as tx:
        for name in names:
            write(tx, name)


class Writer:
    """A transaction that is open from `begin` to `end`, while others go on."""

    def __init__(self, store: Store) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._context = store.write()
        self._tx = self._pool.submit(self._context.__enter__).result(PATIENCE_S)

    def write(self, *names: str) -> None:
        for name in names:
            self._pool.submit(write, self._tx, name).result(PATIENCE_S)

    def end(self, *, commit: bool = True) -> None:
        trouble = None if commit else Changed()
        self._pool.submit(self._context.__exit__, type(trouble) if trouble else None, trouble, None).result(PATIENCE_S)
        self._pool.shutdown()


@pytest.fixture
def writer(open_store: Open) -> Callable[[], Writer]:
    """Opens a transaction of another process."""
    other = open_store()
    return lambda: Writer(other)


beside_writers = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
"""SQLite lets nobody in beside a writer."""


def names(tail: Tail, limit: int = 1_000) -> list[str]:
    return [told.facts["name"] for told in tail.next(limit)]


def test_events_of_all_accounts_and_kinds_are_told_as_they_were_written(store: Store) -> None:
    following = Tail(store, newest(store))
    desk = Desk.found(store, "ann@example.org")
    item = desk.add(by="ann@example.org")
    add(store, "a job")
    told = following.next()
    assert [each.id for each in told] == sorted(each.id for each in told)
    assert [each.kind for each in told] == [
        "account.created",
        "user.created",
        "shift.started",
        "item.added",
        "job.ended",
    ]
    added, ended = told[-2:]
    assert (added.account_id, added.user, added.item_id) == (ROOT, "ann@example.org", item.id)
    assert (added.subject, added.at, added.facts) == (f"item:{item.id}", item.created_at, {})
    assert (ended.user, ended.item_id, ended.subject, ended.facts) == (None, None, "job:a job", {"name": "a job"})
    assert following.position == ended.id
    assert following.next() == []


def test_a_tail_goes_on_where_another_stopped(store: Store) -> None:
    add(store, *"abcdefg")
    first = Tail(store, 0)
    assert names(first, limit=3) == ["a", "b", "c"]
    assert names(Tail(store, first.position)) == ["d", "e", "f", "g"]
    assert names(first, limit=3) == ["d", "e", "f"]


def test_now_is_after_what_was_committed_and_before_what_comes(store: Store) -> None:
    assert newest(store) == 0
    add(store, "a", "b")
    following = Tail(store, newest(store))
    assert names(following) == []
    add(store, "c")
    assert names(following) == ["c"]


def test_one_look_at_a_log_in_which_nothing_happens_is_one_statement(store: Store, statements: list[str]) -> None:
    add(store, "a")
    following = Tail(store, 0)
    following.next()
    statements.clear()
    assert following.next() == []
    assert statements == ["events_after"]


def test_what_was_purged_is_passed_over(store: Store) -> None:
    desk = Desk.found(store, "ann@example.org")
    following = Tail(store, newest(store))
    kept, purged = desk.add(by="ann@example.org"), desk.add(by="ann@example.org")
    later = desk.add(by="ann@example.org")
    desk.act(items.purge, "admin@localhost", purged.id)
    told = following.next()
    assert [each.item_id for each in told] == [kept.id, later.id, None]
    assert told[-1].kind == Kind.ITEM_PURGED
    desk.act(items.purge, "admin@localhost", later.id)
    assert [each.kind for each in following.next()] == [Kind.ITEM_PURGED]


def test_what_was_rolled_back_is_passed_over(store: Store) -> None:
    following = Tail(store, newest(store))
    with pytest.raises(Changed), store.write() as tx:
        write(tx, "never")
        raise Changed
    with store.write() as tx:
        with pytest.raises(Changed), tx.savepoint():
            write(tx, "not this")
            raise Changed
        write(tx, "this")
    assert names(following) == ["this"]


@beside_writers
def test_what_commits_late_is_waited_for_and_told_in_its_place(store: Store, writer: Callable[[], Writer]) -> None:
    following, late = Tail(store, newest(store)), writer()
    add(store, "before")
    late.write("late")
    add(store, "after")
    assert names(following) == ["before"]
    assert names(following) == []
    late.end()
    assert names(following) == ["late", "after"]


@beside_writers
def test_a_late_roll_back_is_waited_for_and_then_passed_over(store: Store, writer: Callable[[], Writer]) -> None:
    following, late = Tail(store, newest(store)), writer()
    late.write("never")
    add(store, "after")
    assert names(following) == []
    late.end(commit=False)
    assert names(following) == ["after"]


@beside_writers
def test_of_several_that_are_late_all_are_waited_for(store: Store, writer: Callable[[], Writer]) -> None:
    following, late = Tail(store, newest(store)), [writer() for _ in range(3)]
    for number, each in enumerate(late):
        each.write(f"{number}a", f"{number}b")
    add(store, "after")
    late[2].end()
    assert names(following) == []
    late[0].end()
    # What lies before the first missing id is told, although the wait is not over.
    assert names(following) == ["0a", "0b"]
    late[1].end(commit=False)
    assert names(following) == ["2a", "2b", "after"]


@beside_writers
def test_writers_who_come_later_are_not_waited_for(store: Store, writer: Callable[[], Writer]) -> None:
    following, late = Tail(store, newest(store)), writer()
    late.write("late")
    add(store, "after")
    assert names(following) == []
    later = writer()
    later.write("later")
    late.end()
    assert names(following) == ["late", "after"]
    add(store, "last")
    assert names(following) == []
    later.end()
    assert names(following) == ["later", "last"]


@beside_writers
def test_an_idle_transaction_and_one_that_writes_elsewhere_are_not_waited_for(
    store: Store, writer: Callable[[], Writer]
) -> None:
    following, idle, elsewhere = Tail(store, newest(store)), writer(), writer()
    query(idle._tx, "SELECT * FROM events FOR UPDATE")
    elsewhere._tx.run("total_add", name="jobs", amount=1)
    with pytest.raises(Changed), store.write() as tx:
        write(tx, "never")
        raise Changed
    add(store, "after")
    assert names(following) == ["after"]
    idle.end()
    elsewhere.end()


@beside_writers
def test_a_log_of_another_database_is_not_waited_for(
    store: Store, writer: Callable[[], Writer], postgres_url: str
) -> None:
    other = PostgresStore(postgres_url)
    other.migrate()
    beside = Writer(other)
    beside.write("elsewhere")
    following = Tail(store, newest(store))
    with pytest.raises(Changed), store.write() as tx:
        write(tx, "never")
        raise Changed
    add(store, "after")
    assert names(following) == ["after"]
    beside.end()
    other.close()


@beside_writers
def test_now_waits_for_those_who_are_writing(store: Store, writer: Callable[[], Writer]) -> None:
    late = writer()
    late.write("late")
    add(store, "after")
    with ThreadPoolExecutor(1) as pool:
        position = pool.submit(newest, store)
        with pytest.raises(StoreUnavailable):
            newest(store, patience_s=0.05)
        assert not position.done()
        late.end()
        following = Tail(store, position.result(PATIENCE_S))
    assert names(following) == []
    add(store, "next")
    assert names(following) == ["next"]


def test_a_tail_that_was_refused_by_the_store_goes_on_from_where_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "a", "b")
    following = Tail(store, 0)

    @contextmanager
    def refuse() -> Iterator[Tx]:
        raise StoreUnavailable
        yield

    with monkeypatch.context() as patched:
        patched.setattr(store, "read", refuse)
        with pytest.raises(StoreUnavailable):
            following.next()
    assert names(following) == ["a", "b"]


def work(store: Store, name: str, chance: random.Random, purge: Callable[[Tx], object]) -> int:
    """Transactions of a few events each; some purge, some are rolled back. How many events were committed."""
    committed = 0
    for turn in range(15):
        count, luck = chance.randrange(1, 4), chance.random()
        with suppress(Changed), store.write() as tx:
            for each in range(count):
                write(tx, f"{name}.{turn}.{each}")
                # So that others come in between.
                threading.Event().wait(luck / 500)
            if luck < 0.1:
                purge(tx)
            if luck > 0.8:
                raise Changed
            committed += count
    return committed


@pytest.mark.parametrize("limit", [5, 1_000])
def test_whoever_writes_beside_whom_each_event_is_told_once_and_in_order(
    store: Store, open_store: Open, limit: int
) -> None:
    """Ten writers commit in any order; the tail is given up now and then, and another goes on from its position."""
    desk = Desk.found(store)
    items_left = [item.id for item in desk.act(item_batches.add_all, "admin@localhost", [{"title": "x"}] * 90)]
    other, seen = open_store(), list[int]()
    following = Tail(other, 0)

    def follow() -> None:
        seen.extend(told.id for told in following.next(limit))

    def purge(tx: Tx) -> None:
        items.purge(tx, desk.admin, items_left.pop(), now=1)

    with ThreadPoolExecutor(10) as pool:
        chances = [random.Random(100 * limit + number) for number in range(10)]
        working = [pool.submit(work, store, f"{number}", each, purge) for number, each in enumerate(chances)]
        while not all(each.done() for each in working):
            follow()
            following = Tail(other, following.position) if chances[0].random() < 0.1 else following
        committed = sum(each.result() for each in working)
    with store.read() as tx:
        rows = query(tx, "SELECT id, subject FROM events ORDER BY id")
    while following.position < rows[-1]["id"]:
        follow()
    assert committed == sum(row["subject"].startswith("job:") for row in rows)
    assert seen == sorted(set(seen))
    assert {row["id"] for row in rows} <= set(seen)


def test_the_log_is_followed_along_its_key_whatever_its_length(store: Store) -> None:
    with store.write() as tx:
        tx.batch(
            "event_insert",
            [
                {"at": 1, "kind": "job.ended", "account_id": ROOT, "subject": "x", "user_id": n % 7, "facts": "{}"}
                for n in range(5_000)
            ],
        )
        tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]
    lines = plan(store, "all", "events_after", position=4_990, limit=tail.LIMIT)
    assert "SCAN e" not in lines, lines
    assert "Seq Scan on events" not in lines, lines
    assert "TEMP B-TREE" not in lines, lines
    lines = plan(store, "all", "event_newest")
    assert "Seq Scan" not in lines, lines
    assert "SCAN events" not in lines, lines
