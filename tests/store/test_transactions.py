"""What a transaction promises, on both databases."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from books import ROOT, Books, query
from races import PATIENCE_S, at_once, overlap
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.operations.events import count
from rota.store.port import Store, Tx
from rota.store.sqlite import SqliteStore

Open = Callable[[], Store]


class Changed(Exception):
    """Somebody changed their mind."""


def amount(tx: Tx, name: str = "jobs") -> int:
    return {row["name"]: row["amount"] for row in tx.all("totals_all")}.get(name, 0)


def amount_in(store: Store, name: str = "jobs") -> int:
    with store.read() as tx:
        return amount(tx, name)


def test_what_is_written_is_there_for_every_other(store: Store, open_store: Open) -> None:
    with store.write() as tx:
        count(tx, jobs=2)
    assert amount_in(open_store()) == 2


def test_an_exception_leaves_nothing(store: Store) -> None:
    with pytest.raises(Changed), store.write() as tx:
        count(tx, jobs=2)
        assert amount(tx) == 2
        raise Changed
    assert amount_in(store) == 0


def test_a_refused_statement_leaves_nothing_and_the_store_goes_on(store: Store) -> None:
    for _ in range(3):
        with pytest.raises(Exception, match=r"(?i)null"), store.write() as tx:
            count(tx, jobs=1)
            tx.run("total_add", name=None, amount=1)
    assert amount_in(store) == 0


def test_a_savepoint_undoes_only_what_was_done_inside(store: Store) -> None:
    with store.write() as tx:
        count(tx, jobs=1)
        with pytest.raises(Changed), tx.savepoint():
            count(tx, jobs=10)
            raise Changed
        with tx.savepoint():
            count(tx, jobs=100)
    assert amount_in(store) == 101


def test_savepoints_stand_inside_one_another(store: Store) -> None:
    with store.write() as tx:
        with tx.savepoint():
            count(tx, jobs=1)
            with pytest.raises(Changed), tx.savepoint():
                count(tx, jobs=10)
                raise Changed
            count(tx, jobs=100)
        with pytest.raises(Changed), tx.savepoint():
            with tx.savepoint():
                count(tx, jobs=1_000)
            raise Changed
    assert amount_in(store) == 101


def test_a_refused_statement_inside_a_savepoint_spares_the_transaction(store: Store) -> None:
    with store.write() as tx:
        count(tx, jobs=1)
        with pytest.raises(Exception, match=r"(?i)null"), tx.savepoint():
            tx.run("total_add", name=None, amount=1)
        count(tx, jobs=1)
    assert amount_in(store) == 2


def test_a_read_sees_one_state_while_others_write(store: Store, open_store: Open) -> None:
    other = open_store()
    with store.read() as tx:
        assert amount(tx) == 0
        with other.write() as writing:
            count(writing, jobs=1)
        assert amount_in(other) == 1
        assert amount(tx) == 0
    assert amount_in(store) == 1


def test_a_read_does_not_see_what_is_not_committed(store: Store, open_store: Open) -> None:
    other = open_store()
    with store.write() as tx:
        count(tx, jobs=1)
        assert amount_in(other) == 0


def test_a_writer_sees_what_was_committed_while_it_waited(store: Store, open_store: Open) -> None:
    def add(tx: Tx) -> int:
        count(tx, jobs=1)
        return amount(tx)

    assert overlap(store, add, open_store(), add) == (1, 2)


def test_a_write_that_fails_lets_the_waiting_one_through(store: Store, open_store: Open) -> None:
    def fail(tx: Tx) -> None:
        raise StoreUnavailable

    overlap(store, lambda tx: count(tx, jobs=1), open_store(), lambda tx: count(tx, jobs=10), then=fail)
    assert amount_in(store) == 10


def test_concurrent_writers_of_threads_and_of_stores_lose_nothing(store: Store, open_store: Open) -> None:
    def add_often(mine: Store) -> None:
        for _ in range(25):
            with mine.write() as tx:
                count(tx, jobs=1)

    other = open_store()
    at_once(*(partial(add_often, mine) for mine in (store, store, other, other)))
    assert amount_in(store) == 100


def test_a_batch_runs_once_a_row_and_is_one_statement(store: Store, statements: list[str]) -> None:
    statements.clear()
    with store.write() as tx:
        tx.batch("total_add", [{"name": f"n{index % 3}", "amount": 1} for index in range(30)])
        tx.batch("total_add", [])
    assert statements == ["total_add", "total_add"]
    assert [amount_in(store, f"n{index}") for index in range(3)] == [10, 10, 10]


def test_a_batch_with_a_bad_row_leaves_nothing(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)null"), store.write() as tx:
        tx.batch("total_add", [{"name": "jobs", "amount": 1}, {"name": None, "amount": 1}])
    assert amount_in(store) == 0


def test_answers_have_one_form(store: Store) -> None:
    Books.found(store)
    with store.write() as tx:
        assert tx.one("account_by_id", id="no such") is None
        assert tx.value("account_by_id", id="no such") is None
        assert tx.value("account_by_id", id=ROOT) == ROOT
        assert tx.one("account_by_id", id=ROOT)["name"] == "root"  # type: ignore[index]
        assert [dict(row) for row in tx.all("account_by_id", id=ROOT)] == [dict(row) for row in tx.all("root_account")]
        assert tx.run("lane_served", account_id="no such", turn=1) == 0
        assert tx.run("lane_open", account_id=ROOT, turn=1) == 1


def test_a_store_knows_when_it_is_up_to_date(store: Store) -> None:
    store.check()


def test_an_empty_database_is_not_up_to_date(open_store: Open) -> None:
    with pytest.raises(Exception, match="_yoyo_migration"):
        open_store().check()


def test_a_store_that_is_left_open_by_a_thread_serves_the_next(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(amount_in, store).result(PATIENCE_S)
    assert amount_in(store) == 0


@contextmanager
def locked(path: Path) -> Iterator[Callable[[], None]]:
    """The database in another writer's hand, until it is let go."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield lambda: connection.execute("COMMIT") and None
    connection.close()


@pytest.fixture
def migrated(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A database that has been in use, and so is in WAL mode."""
    path = tmp_path / "rota.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = sqlite_store(path, busy_s=1)
    store.check()
    store.close()
    return path


def sqlite_store(path: Path, busy_s: float) -> SqliteStore:
    return SqliteStore(f"sqlite:///{path}", busy_s=busy_s)


def test_a_writer_waits_for_another_process(migrated: Path) -> None:
    store, begun = sqlite_store(migrated, PATIENCE_S), threading.Event()

    def add() -> None:
        begun.set()
        with store.write() as tx:
            count(tx, jobs=1)

    with ThreadPoolExecutor(1) as pool, locked(migrated) as let_go:
        adding = pool.submit(add)
        assert begun.wait(PATIENCE_S)
        assert not adding.done()
        let_go()
        adding.result(PATIENCE_S)
    assert amount_in(store) == 1
    store.close()


def test_a_writer_does_not_wait_for_ever(migrated: Path) -> None:
    store = sqlite_store(migrated, busy_s=0.05)
    with locked(migrated):
        with pytest.raises(StoreUnavailable), store.write():
            pytest.fail("the lock was not respected")
        # Readers never wait.
        assert amount_in(store) == 0
    with store.write() as tx:
        count(tx, jobs=1)
    assert amount_in(store) == 1
    store.close()


def test_a_first_connection_to_a_database_in_exclusive_hands_is_refused(migrated: Path) -> None:
    connection = sqlite3.connect(migrated, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    store = sqlite_store(migrated, busy_s=0.05)
    with pytest.raises(StoreUnavailable), store.read():
        pytest.fail("the lock was not respected")
    connection.close()
    assert amount_in(store) == 0
    store.close()


def test_first_connections_at_once_wait_for_each_other(migrated_sqlite: Path, tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / f"{number}.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        stores = [sqlite_store(path, busy_s=PATIENCE_S) for _ in range(4)]
        assert at_once(*(partial(amount_in, store) for store in stores)) == [0] * 4
        for store in stores:
            store.close()


def test_after_an_unasked_rollback_nothing_more_is_written(migrated: Path) -> None:
    """SQLite may roll back by itself when the disk is full: later statements must not be committed one by one."""
    store = sqlite_store(migrated, busy_s=1)
    with pytest.raises(StoreUnavailable), store.write() as tx:
        with pytest.raises(Changed), tx.savepoint():
            count(tx, jobs=1)
            query(tx, "ROLLBACK")
            raise Changed
        count(tx, jobs=1)
    assert amount_in(store) == 0
    store.close()


def test_a_full_disk_is_told_and_leaves_nothing(tiny_disk: Path, migrated_sqlite: Path) -> None:
    path = tiny_disk / "rota.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = sqlite_store(path, busy_s=1)
    with store.write() as tx:
        count(tx, jobs=1)
    with pytest.raises(StorageFull), store.write() as tx:
        count(tx, jobs=1)
        tx.batch("total_add", ({"name": f"{index:0200d}", "amount": 1} for index in range(100_000)))
    assert amount_in(store) == 1
    store.close()


def test_a_full_disk_inside_a_savepoint_is_told_and_leaves_nothing(tiny_disk: Path, migrated_sqlite: Path) -> None:
    path = tiny_disk / "rota.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = sqlite_store(path, busy_s=1)
    with pytest.raises((StorageFull, StoreUnavailable)), store.write() as tx:
        count(tx, jobs=1)
        # As an action whose rows are tried one by one would.
        for index in range(2_000):
            try:
                with tx.savepoint():
                    tx.run("total_add", name=f"{index:02000d}", amount=1)
            except sqlite3.OperationalError:
                continue
    assert amount_in(store) == 0
    store.close()
