"""Writers that share a commit: SQLite makes the changes of those who wait durable together."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from books import query
from races import PATIENCE_S, at_once
from rota.domain.errors import StoreUnavailable
from rota.operations.events import count
from rota.store.port import Store, Tx
from rota.store.sqlite import SqliteStore
from support import wait_until


class Changed(Exception):
    """Somebody changed their mind."""


def jobs(store: Store) -> int:
    with store.look() as tx:
        return int({row["name"]: row["amount"] for row in tx.all("totals_all")}.get("jobs", 0))


def add(store: Store) -> None:
    with store.write(shared=True) as tx:
        count(tx, jobs=1)


def change_mind(tx: Tx) -> None:
    raise Changed


def undo_all(tx: Tx) -> None:
    """As SQLite may by itself when the disk is full."""
    query(tx, "ROLLBACK")


def behind(store: SqliteStore, first: Callable[[Tx], None], *others: Callable[[Tx], None]) -> list[Future[None]]:
    """What became of writers of whom the others wait while the first writes."""

    def write(change: Callable[[Tx], None], *, lead: bool) -> None:
        with store.write(shared=True) as tx:
            count(tx, jobs=1)
            if lead:
                wait_until(lambda: store._waiting == len(others), "the others")
            change(tx)

    with ThreadPoolExecutor(len(others) + 1) as pool:
        futures = [pool.submit(write, first, lead=True)]
        wait_until(lambda: store._turn.locked(), "the first")
        return [*futures, *(pool.submit(write, other, lead=False) for other in others)]


def nothing(tx: Tx) -> None: ...


@pytest.fixture
def sqlite(migrated_sqlite: Path, tmp_path: Path) -> SqliteStore:
    path = tmp_path / "shared.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return SqliteStore(f"sqlite:///{path}")


def test_what_is_written_is_there_for_every_other(store: Store, open_store: Callable[[], Store]) -> None:
    other = open_store()

    def add_and_look(number: int) -> None:
        for _ in range(10):
            with store.write(shared=True) as tx:
                count(tx, jobs=1, **{f"of_{number}": 1})
                mine = {row["name"]: row["amount"] for row in tx.all("totals_all")}[f"of_{number}"]
            with other.look() as tx:
                assert {row["name"]: row["amount"] for row in tx.all("totals_all")}[f"of_{number}"] == mine

    at_once(*(partial(add_and_look, number) for number in range(8)))
    assert jobs(other) == 80


def test_many_writers_take_few_commits(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    end = sqlite._end_group

    def counted() -> None:
        commits.append(1 if sqlite._group else 0)
        end()

    monkeypatch.setattr(sqlite, "_end_group", counted)
    for future in behind(sqlite, nothing, *[nothing] * 15):
        future.result(PATIENCE_S)
    assert sum(commits) == 1
    assert jobs(sqlite) == 16


def test_whoever_changes_their_mind_undoes_only_their_own(sqlite: SqliteStore) -> None:
    for changes in ([nothing, change_mind, nothing], [change_mind, nothing, nothing], [nothing, nothing, change_mind]):
        before = jobs(sqlite)
        errors = [future.exception(PATIENCE_S) for future in behind(sqlite, *changes)]
        assert sum(error is None for error in errors) == jobs(sqlite) - before == 2


def test_what_the_database_undid_is_told_to_all(sqlite: SqliteStore) -> None:
    errors = [future.exception(PATIENCE_S) for future in behind(sqlite, nothing, undo_all)]
    assert [type(error) for error in errors] == [StoreUnavailable, StoreUnavailable]
    assert jobs(sqlite) == 0
    errors = [future.exception(PATIENCE_S) for future in behind(sqlite, undo_all, nothing)]
    assert [type(error) for error in errors] == [StoreUnavailable, type(None)]
    assert jobs(sqlite) == 1


def test_writers_of_both_kinds_lose_nothing(sqlite: SqliteStore) -> None:
    def alone() -> None:
        for _ in range(10):
            with sqlite.write() as tx:
                count(tx, jobs=1)

    def together() -> None:
        for _ in range(10):
            add(sqlite)

    at_once(alone, together, together, together, alone, together)
    assert jobs(sqlite) == 60


def test_a_reader_never_sees_what_is_not_committed(sqlite: SqliteStore) -> None:
    with sqlite.write(shared=True) as tx:
        count(tx, jobs=1)
        assert jobs(sqlite) == 0
    assert jobs(sqlite) == 1
