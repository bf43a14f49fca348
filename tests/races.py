"""Two transactions that meet: the second begins while the first is open, and the first ends when the second waits."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg

from rota.domain.errors import Refusal
from rota.engine.ledger import Fenced
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore

Change = Callable[[Tx], Any]
PATIENCE_S = 60.0


def attempt(store: Store, change: Change) -> Any:
    """What the change answers, or the refusal that undid it."""
    try:
        with store.write() as tx:
            return change(tx)
    except (Refusal, Fenced) as refusal:
        return refusal


def overlap(one: Store, first: Change, other: Store, second: Change, then: Change | None = None) -> tuple[Any, Any]:
    """What both answered. `then` goes on in the transaction of `first` once `second` is done or waits for it."""
    with ThreadPoolExecutor(1) as pool:
        begun = threading.Event()

        def run_second() -> Any:
            begun.set()
            return attempt(other, second)

        def run_first(tx: Tx) -> Any:
            answer = first(tx)
            futures.append(pool.submit(run_second))
            assert begun.wait(PATIENCE_S)
            until_they_wait(other, 1, futures[0])
            return then(tx) if then else answer

        futures: list[Future[Any]] = []
        answer = attempt(one, run_first)
        return answer, futures[0].result(PATIENCE_S)


def until_they_wait(store: Store, many: int, future: Future[Any]) -> None:
    """Until so many transactions wait for others, or the future is done. SQLite lets nobody in beside the first;
    PostgreSQL tells who waits for a lock."""
    if not isinstance(store, PostgresStore):
        return
    waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(store.url, autocommit=True) as connection:
        while not future.done() and len(connection.execute(waits).fetchall()) < many:
            pass


def until_waited_for(store: PostgresStore, tx: Tx, future: Future[Any]) -> None:
    """Until somebody waits for this very transaction, or the future is done."""
    pid = tx._connection.info.backend_pid  # type: ignore[attr-defined]
    waits = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    # By another connection: within a transaction nobody sees who comes to wait.
    with psycopg.connect(store.url, autocommit=True) as connection:
        while not future.done() and connection.execute(waits, [pid]).fetchone() is None:
            pass


def at_once(*changes: Callable[[], Any]) -> list[Any]:
    """What each answers when all are let go at the same time."""
    barrier = threading.Barrier(len(changes))

    def run(change: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE_S)
        return change()

    with ThreadPoolExecutor(len(changes)) as pool:
        return [future.result(PATIENCE_S) for future in [pool.submit(run, change) for change in changes]]
