"""What a submission asks when it comes walks an index, however many there are; so does each page of an export."""

from typing import Any

import pytest

from answering import DAY, Answering
from ground import ROOT, START
from plans import insert, plan
from rota.domain.field.queries import Comparison, Condition, Order, Query
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

MANY = 10_000
TASKS = 20
SENT = (
    "account_id, task_id, user_id, submitted_at, valid, status, comments, data, target_content_type, target_id, paid,"
    " created_at, modified_at"
)
TIMED = "account_id, task_id, date, week, week_day, start_time, end_time, starts_at, ends_at, created_at"
ENTERED = "account_id, submission_id, posting, book, book_id, amount, currency, bounty_id, created_at"
GROWING = ("s", "o", "e", "submissions", "occurrences", "ledger_entries")


@pytest.fixture
def field(store: Store) -> Answering:
    """A task with a rule for ten thousand days, and as many approved submissions of some tasks by three users."""
    field = Answering.found(store)
    for _ in range(TASKS):
        field.task()
    bounty = field.bounty(1, 500)
    with store.write() as tx:
        sent = (
            f"('{ROOT}', {at % TASKS + 1}, {at % 3 + 1}, {START}, TRUE, 'a', '', '{{}}', 17, 1, 5, {START}, {START})"
            for at in range(MANY)
        )
        insert(tx, "submissions", SENT, sent)
        timed = (
            f"('{ROOT}', 1, {20_000_000 + at}, 1, 1, 0, 1, {START + at * DAY}, {START + at * DAY + 1}, {START})"
            for at in range(MANY)
        )
        insert(tx, "occurrences", TIMED, timed)
        entered = (f"('{ROOT}', {at + 1}, 0, 'user', {at % 3 + 1}, 5, 'KES', {bounty}, {START})" for at in range(MANY))
        insert(tx, "ledger_entries", ENTERED, entered)
        tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]
    return field


def walks(field: Answering, how: str, statement: str, *args: Any, **params: Any) -> str:
    """The plan of a statement that must not walk a table that grows."""
    lines = plan(field.ground.store, how, statement, *args, **params)
    word = "SCAN" if isinstance(field.ground.store, SqliteStore) else "Seq Scan on"
    for name in GROWING:
        assert f"{word} {name}\n" not in f"{lines}\n", lines
        assert f"{word} {name} " not in lines, lines
    return lines


def test_no_statement_of_a_submission_walks_what_grows(field: Answering) -> None:
    assert "submissions_" in walks(field, "all", "submission_user", task_id=1, user_id=2, account_id=ROOT, actor_id=2)
    at = START + MANY // 2 * DAY
    times = {"at": at, "latest": at + 2 * DAY}
    assert "occurrences_in_time" in walks(field, "all", "submission_occurrence", task_id=1, location_id=None, **times)
    walks(field, "all", "submission_places", task_id=1)
    walks(field, "all", "submission_task_lock", account_id=ROOT, id=1)
    walks(field, "all", "submission_task", account_id=ROOT, id=1)
    walks(field, "all", "submission_lock", account_id=ROOT, id=1)
    assert "ledger_once" in walks(field, "all", "ledger_of_submission", submission_id=7)
    assert "ledger_of_book" in plan(
        field.ground.store, "all", "ledger_balance", account_id=ROOT, book="task", book_id=7
    )


def test_a_page_of_an_export_begins_behind_the_one_before(field: Answering) -> None:
    behind = Condition("id", Comparison.GT, MANY - 100)
    page = Query(conditions=(behind,), order=(Order("id"),), limit=50)
    for statement in ("submissions_table", "submissions_answers"):
        lines = walks(field, "select", statement, "submissions", page, account_id=ROOT)
        assert "submissions_of_account" in lines or "PRIMARY KEY" in lines or "submissions_pkey" in lines, lines
