"""The statements that run all day walk an index, however many jobs there are."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from books import ROOT, Books
from plans import insert, plan
from rota.domain.accounts import hash_token
from rota.domain.jobs import Status
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

MANY = 20_000
PAGE = 51
FILTERS: Mapping[str, Mapping[str, Any]] = {
    "status": {"status": "success"},
    "running": {"running": True},
    "category": {"category": "trial"},
    "action": {"action": "row"},
    "created_from": {"created_from": 10},
    "created_to": {"created_to": MANY},
    "before": {"before": True, "before_at": MANY // 2, "before_id": "5"},
}
COMBINATIONS = [
    chosen
    for size in range(len(FILTERS) + 1)
    for chosen in itertools.combinations(FILTERS, size)
    if not {"status", "running"} <= set(chosen)
]


def narrowed(chosen: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for each in chosen for name, value in FILTERS[each].items()}


def fill(books: Books) -> None:
    """Old jobs of one account, a hundred that run in others, one that is nearly done, and everybody's old tokens."""
    final = [status.value for status in (Status.SUCCESS, Status.FAILURE, Status.PARTIAL, Status.STOPPED)]
    columns = "id, account_id, auth_account_id, user_id, category, action, header, out_header, ordered, created_at"
    with books.store.write() as tx:
        rows = (
            f"('{index:030x}', '{ROOT}', '{ROOT}', 1, '{'trial' if index % 3 else 'skel'}', 'row', '[]', '[]', FALSE,"
            f" {index}, '{final[index % len(final)]}', {index})"
            for index in range(MANY)
        )
        insert(tx, "jobs", f"{columns}, status, turn", rows)
        tokens = (f"('{index}', '{hash_token(str(index))}', 1, 1, 2)" for index in range(MANY))
        insert(tx, "tokens", "id, token_hash, user_id, created_at, expires_at", tokens)
    books.made = MANY
    for _ in range(20):
        account = books.account()
        for _ in range(5):
            books.job([1] * 5, account)
    long = books.job([1])
    with books.store.write() as tx:
        settled = (f"('{long}', {row}, 1, 0, 0, '{'settled' if row % 4_000 else 'open'}')" for row in range(1, MANY))
        insert(tx, "chunks", "job_id, first_row, row_count, start_byte, end_byte, state", settled)
        # Stale numbers of rows lead PostgreSQL astray; on a server autovacuum keeps them fresh.
        tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]


@pytest.fixture
def books(store: Store) -> Books:
    made = Books.found(store)
    fill(made)
    return made


def test_every_page_of_jobs_walks_an_index(books: Books) -> None:
    for chosen in COMBINATIONS:
        lines = plan(books.store, "page", "jobs_page", narrowed(chosen), account_id=ROOT, limit=PAGE)
        if isinstance(books.store, SqliteStore):
            assert "USE TEMP B-TREE" not in lines, chosen
            assert "SCAN" not in lines, chosen
            assert "SEARCH jobs USING INDEX" in lines, chosen
        else:
            assert "Seq Scan" not in lines, (chosen, lines)
            # Jobs that run are few at any time; all others come from the index in their order.
            assert "Sort" not in lines or "running" in chosen, (chosen, lines)


def searched(books: Books, statement: str, **params: Any) -> str:
    """The plan of a statement that must neither sort nor walk a table that grows."""
    found = plan(books.store, "all", statement, **params)
    # An index of stopping jobs alone may be walked: they are few at any time.
    lines = found.replace("SCAN j USING INDEX jobs_stopping", "SEARCH j USING INDEX jobs_stopping")
    for table in ("jobs", "chunks", "tokens"):
        assert f"Seq Scan on {table}" not in lines, lines
    for alias in ("j", "c", "e", "n", "t", "jobs", "chunks", "tokens"):
        assert f"SCAN {alias}\n" not in f"{lines}\n", lines
        assert f"SCAN {alias} " not in lines, lines
    assert "USE TEMP B-TREE" not in lines, lines
    return lines


def test_what_runs_all_day_is_found_by_index(books: Books) -> None:
    """One test, as filling the tables takes most of its time."""
    check_the_next_job_is_found_without_walking_those_that_are_over(books)
    check_the_next_chunk_is_found_without_walking_those_that_are_settled(books)
    check_an_actor_is_one_look_up_in_the_index_of_hashes(books)
    check_what_a_runner_holds_and_what_has_stalled_is_found(books)


def check_the_next_job_is_found_without_walking_those_that_are_over(books: Books) -> None:
    free: Mapping[str, Any] = {"full": "[]", "low": "[]", "starved": 0}
    lines = searched(books, "job_next", now=books.now(), **free)
    assert "jobs_executing" in lines
    assert "chunks_unsettled" in lines
    # One job of one account after the other, until there is one: nothing is sorted but the lanes.
    assert "Sort Key: l.turn, l.account_id" in lines or "Sort" not in lines
    assert "chunks_unsettled" in searched(books, "chunk_waits", full="[]", now=books.now())
    # Those that are in hand are few at any time.
    assert "chunks_leased" in plan(books.store, "all", "slots_held")


def check_the_next_chunk_is_found_without_walking_those_that_are_settled(books: Books) -> None:
    for ordered in (False, True):
        given = {"job_id": books.jobs_made[-1], "ordered": ordered, "full": False, "now": books.now()}
        lines = searched(books, "chunk_next", **given)
        assert "chunks_unsettled" in lines
    size = {"rows": 1, "bytes": 1, "after": 0, "most": 5}
    lease = {"job_id": books.jobs_made[-1], "owner": "one", "lease_until": 0}
    assert "chunks_unsettled" in searched(books, "chunks_lease", **lease, **size)
    held = {"job_id": books.jobs_made[-1], "ids": "[0, 4000]"}
    searched(books, "chunks_held", **held)
    assert "chunks_unsettled" in searched(books, "job_unsettled", job_id=books.jobs_made[-1])
    assert "chunks_" in searched(books, "job_held", job_id=books.jobs_made[-1])


def check_an_actor_is_one_look_up_in_the_index_of_hashes(books: Books) -> None:
    lines = searched(books, "actor_by_token", token_hash=hash_token("5"), now=books.now())
    assert "token_hash" in lines


def check_what_a_runner_holds_and_what_has_stalled_is_found(books: Books) -> None:
    assert "chunks_leased" in searched(books, "chunks_of_owner", owner="one")
    assert "chunks_leased" in searched(books, "chunks_of_owners", prefix="one", prefix_end="one\x7f")
    assert "jobs_stopping" in searched(books, "jobs_stalled", now=books.now())
    searched(books, "engine_waiting_since", now=books.now())
