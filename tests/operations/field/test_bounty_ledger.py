"""The bounty ledger: paid once, taken back once, and adding up whoever reviews what at the same time."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from answering import Answering
from ground import ADMIN, ANN, BOB
from races import at_once, overlap
from rota.domain.field.submissions import PAYMENTS, Payment, Status
from rota.operations.field import ledger
from rota.store.port import Store, Tx


@pytest.fixture
def field(store: Store) -> Answering:
    return Answering.found(store)


@pytest.fixture
def other(open_store: Callable[[], Store], store: Store) -> Store:
    return open_store()


def entries(field: Answering, number: int) -> list[tuple[int, str, int, int]]:
    rows = field.query(
        "SELECT posting, book, book_id, amount FROM ledger_entries WHERE submission_id = :id ORDER BY posting, book",
        id=number,
    )
    return [(row["posting"], row["book"], row["book_id"], row["amount"]) for row in rows]


def test_an_approval_moves_the_bounty_from_the_tasks_book_to_the_users(field: Answering) -> None:
    task = field.task()
    bounty = field.bounty(task, 500)
    number = field.submit(task).id
    approved = field.review(number, "a")
    assert (approved.paid, approved.bounty_id, field.earned(ANN)) == (500, bounty, 500)
    assert entries(field, number) == [(0, "task", task, -500), (0, "user", field.user(ANN), 500)]
    with field.ground.store.read() as tx:
        assert ledger.balance_of_task(tx, field.ground.actors[ADMIN], task) == -500
    assert field.counts(task) == (1, 1, 0, 0, 500)
    field.check()


@pytest.mark.parametrize("amount", [500, None])
def test_every_review_pays_takes_back_or_does_neither_as_the_table_says(field: Answering, amount: int | None) -> None:
    task = field.task()
    if amount:
        field.bounty(task, amount)
    worth = amount or 0
    for before, after in product(Status, repeat=2):
        number = field.submit(task).id
        held = field.review(number, before).paid
        earned = field.earned(ANN)
        paid = {Payment.NONE: held, Payment.PAY: worth, Payment.TAKE_BACK: 0}[PAYMENTS[before, after]]
        assert paid == (worth if after is Status.APPROVED else 0)
        assert field.review(number, after).paid == paid
        assert field.earned(ANN) - earned == paid - held
        field.check()


def test_what_is_taken_back_is_what_was_paid_and_a_new_approval_pays_what_the_task_pays_then(field: Answering) -> None:
    task = field.task()
    field.bounty(task, 500)
    number = field.submit(task).id
    field.review(number, "a")
    newer = field.bounty(task, 700)
    assert field.review(number, "d").paid == 0
    assert field.earned(ANN) == 0
    again = field.review(number, "a")
    assert (again.paid, again.bounty_id) == (700, newer)
    assert [(posting, amount) for posting, book, _, amount in entries(field, number) if book == "user"] == [
        (0, 500),
        (1, -500),
        (2, 700),
    ]
    field.check()


def test_two_approvals_at_the_same_time_pay_once(field: Answering, other: Store) -> None:
    task = field.task()
    field.bounty(task, 500)
    number = field.submit(task).id
    kept, actor = field.ground.kept("submission"), field.ground.actors[ADMIN]

    def approve(tx: Tx) -> Any:
        return kept.change(tx, actor, number, {"status": "a"}, now=field.ground.time)

    assert overlap(field.ground.store, approve, other, approve) == (None, None)
    assert len(entries(field, number)) == 2
    assert field.counts(task) == (1, 1, 0, 0, 500)
    field.check()


def test_fifty_who_submit_at_once_reach_the_targets_and_never_pass_them(field: Answering) -> None:
    task = field.task(total_submission_target=7, user_submission_target=4)
    senders = [ANN, BOB] * 25
    sent = at_once(*[lambda who=who: field.ground.create("submission", who=who, task=task) for who in senders])
    assert len(set(sent)) == 50
    assert field.counts(task) == (50, 0, 7, 43, 0)
    rows = field.query("SELECT user_id, count(*) AS n FROM submissions WHERE status = 'd' GROUP BY user_id")
    assert sorted(row["n"] for row in rows) == [3, 4]
    field.check()


def test_reviews_and_submissions_at_once_neither_wait_in_a_circle_nor_miscount(field: Answering) -> None:
    task = field.task()
    field.bounty(task, 500)
    numbers = [field.submit(task).id for _ in range(5)]

    def flip(number: int) -> None:
        for status in "abacb":
            field.ground.change("submission", number, status=status)

    def send() -> None:
        field.ground.create("submission", who=BOB, task=task)

    at_once(*[lambda number=number: flip(number) for number in numbers * 2], *[send] * 10)
    assert field.counts(task)[0] == 15
    field.check()
