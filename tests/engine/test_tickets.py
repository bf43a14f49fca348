"""Tickets: deferred with the change that lays chunks open, torn up when nothing waits, mended when they are missing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from books import Books, after, query
from races import attempt
from rota import bootstrap
from rota.domain.sharing import FREE, Rules
from rota.engine import ledger, tickets
from rota.settings import read_settings
from rota.store import tickets as schema
from rota.store.port import Tx
from rota.store.postgres import PostgresStore


@pytest.fixture
def books(ticketed_url: str) -> Iterator[Books]:
    store = PostgresStore(ticketed_url, durable=False, tickets=True)
    yield Books.found(store)
    store.close()


def todo(books: Books) -> int:
    with books.store.read() as tx:
        return len(tx.all("tickets_waiting"))


def mend(books: Books, rules: Rules = FREE) -> int:
    with books.store.write() as tx:
        return tickets.mend(tx, rules, silent_s=15.0, now=books.now())


def tear_up(books: Books, rules: Rules = FREE) -> int:
    return tickets.tear_up(books.store, rules, books.now)


def fetch(books: Books, *, alive: bool = True) -> int:
    """A worker has fetched a ticket; the worker's id."""
    with books.store.write() as tx:
        (worker,) = query(tx, "SELECT worker_id AS id FROM procrastinate_register_worker_v1()")
        assert query(tx, f"SELECT id FROM procrastinate_fetch_job_v2(ARRAY['rota'], {worker['id']})")
        if not alive:
            query_nothing(tx, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    return int(worker["id"])


def query_nothing(tx: Tx, sql: str) -> None:
    tx._connection.execute(sql)  # type: ignore[attr-defined]


def test_a_job_that_is_not_started_has_no_tickets(books: Books) -> None:
    books.job([1, 1], start=False)
    assert todo(books) == 0


@pytest.mark.parametrize(("chunks", "ordered", "expected"), [(3, False, 3), (3, True, 1), (1_500, False, 1_000)])
def test_a_start_defers_a_ticket_for_each_chunk_that_may_be_worked(
    books: Books, chunks: int, ordered: bool, expected: int
) -> None:
    books.job([1] * chunks, ordered=ordered)
    assert todo(books) == expected


def test_a_start_that_is_rolled_back_leaves_no_ticket(books: Books) -> None:
    job_id = books.job([1, 1], start=False)
    with pytest.raises(ZeroDivisionError), books.store.write() as tx:
        books.start(tx, job_id)
        raise ZeroDivisionError
    assert todo(books) == 0


@pytest.mark.parametrize("how", ["release", "halve", "bury", "recover", "rest"])
def test_what_goes_back_has_a_ticket_again(books: Books, how: str) -> None:
    books.job([8])
    grant = books.must_take("sole.1")
    before = todo(books)
    ways: dict[str, Callable[[Tx], Any]] = {
        "release": lambda tx: ledger.release(tx, [grant.chunk], now=books.now()),
        "halve": lambda tx: ledger.halve(tx, grant, after(grant.chunk, 4), now=books.now()),
        "bury": lambda tx: ledger.bury(tx, "sole.1", now=books.now()),
        "recover": lambda tx: ledger.recover(tx, "sole.", now=books.now()),
        "rest": lambda tx: books.settle(grant, done=4, tx=tx),
    }
    attempt(books.store, ways[how])
    assert todo(books) - before == {"halve": 2}.get(how, 1)


def test_what_goes_back_from_a_stopping_job_has_none(books: Books) -> None:
    job_id = books.job([1, 1])
    grant = books.must_take()
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    before = todo(books)
    attempt(books.store, lambda tx: ledger.release(tx, [grant.chunk], now=books.now()))
    assert todo(books) == before


def test_leases_and_settles_defer_nothing(books: Books) -> None:
    books.job([1, 1])
    books.drain()
    assert todo(books) == 2


def test_tickets_are_torn_up_only_when_nothing_waits(books: Books) -> None:
    books.job([1, 1])
    books.must_take()
    assert tear_up(books) == 0
    books.must_take("two")
    assert tear_up(books) == 2
    assert (tear_up(books), todo(books)) == (0, 0)


def test_what_starts_after_the_look_keeps_its_tickets(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.job([1])
    books.must_take()
    looked = ledger.is_waiting

    def look_and_lose(tx: Tx, rules: Rules, *, now: int) -> bool:
        found = looked(tx, rules, now=now)
        books.job([1, 1])
        return found

    monkeypatch.setattr("rota.engine.ledger.is_waiting", look_and_lose)
    assert tear_up(books) == 1
    assert todo(books) == 2


def test_a_fetched_ticket_is_not_torn_up(books: Books) -> None:
    books.job([1, 1])
    fetch(books)
    books.drain()
    assert tear_up(books) == 1
    with books.store.read() as tx:
        assert query(tx, "SELECT status FROM procrastinate_jobs") == [{"status": "doing"}]


def test_what_is_missing_is_mended_and_no_more(books: Books) -> None:
    books.job([1] * 3)
    assert mend(books) == 0
    for _ in range(3):
        books.must_take()
    tear_up(books)
    assert mend(books) == 0
    books.pass_time()
    assert (mend(books), mend(books), todo(books)) == (3, 0, 3)


def test_what_a_limit_keeps_back_is_not_missing(books: Books) -> None:
    rules = Rules(account_limit=1)
    books.job([1] * 3)
    grant = books.take(rules=rules)
    assert grant
    assert tear_up(books, rules) == 3
    assert mend(books, rules) == 0
    books.settle(grant)
    assert mend(books, rules) == 2


@pytest.mark.parametrize("alive", [True, False])
def test_tickets_of_workers_that_are_silent_are_cleared(books: Books, alive: bool) -> None:
    books.job([1])
    fetch(books, alive=alive)
    mend(books)
    with books.store.read() as tx:
        assert (len(query(tx, "SELECT id FROM procrastinate_jobs WHERE status = 'doing'")) == 1) == alive
        assert (len(query(tx, "SELECT id FROM procrastinate_workers")) == 1) == alive
    assert todo(books) == 1 or alive


def test_one_at_a_time_mends(books: Books) -> None:
    other = PostgresStore(books.store.url, tickets=True)  # type: ignore[attr-defined]
    with books.store.write() as tx:
        assert tx.value("tickets_turn")
        with other.write() as second:
            assert not second.value("tickets_turn")
    with other.write() as second:
        assert second.value("tickets_turn")
    other.close()


def test_several_servers_that_start_at_once_install_once(postgres_url: str) -> None:
    stores = [PostgresStore(postgres_url, tickets=True) for _ in range(3)]
    stores[0].migrate()
    with ThreadPoolExecutor(3) as pool:
        applied = list(pool.map(schema.begin, stores))
    for store in stores:
        store.close()
    assert sorted(map(len, applied))[:2] == [0, 0]
    assert "0001_tickets" in max(applied, key=len)


def test_the_embedded_engine_lets_nothing_have_tickets(books: Books, ticketed_url: str) -> None:
    store = PostgresStore(ticketed_url, tickets=True)
    books.job([1])
    worker = fetch(books)
    schema.end(store)
    books.job([1])
    assert todo(books) == 1, "a worker is there who waits for tickets"
    with books.store.write() as tx:
        query_nothing(tx, f"SELECT procrastinate_unregister_worker_v1({worker})")
    schema.end(store)
    books.job([1])
    assert todo(books) == 0
    schema.begin(store)
    assert mend(books) == 3
    store.close()


def test_the_engine_is_chosen_by_a_setting(postgres_url: str, tmp_path: Any) -> None:
    environ = {"ROTA_DATA": str(tmp_path), "ROTA_DATABASE_URL": postgres_url}
    assert "0001_tickets" not in bootstrap.migrate(read_settings(environ))
    assert "0001_tickets" in bootstrap.migrate(read_settings({**environ, "ROTA_ENGINE": "procrastinate"}))
    assert bootstrap.migrate(read_settings({**environ, "ROTA_ENGINE": "procrastinate"})) == []
