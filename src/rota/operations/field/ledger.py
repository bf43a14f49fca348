"""The ledger of bounties: what leaves a task's book enters a user's, by two entries that add up to nothing.

Amounts are hundredths. Postings are only ever added; one is undone by its reverse.
"""

from collections.abc import Mapping
from typing import Any

from rota.domain.accounts import Actor
from rota.store.port import Tx

INVARIANTS: Mapping[str, str] = {
    "postings whose entries do not add up to nothing": "ledger_unbalanced_postings",
    "submissions whose entries do not come to what they were paid": "ledger_wrong_submissions",
    "users whose book is not what their submissions were paid": "ledger_wrong_users",
    "tasks that count otherwise than their submissions and their book": "ledger_wrong_tasks",
}


def posting(submission_id: int, bounty_id: int | None, amount: int, now: int) -> tuple[str, list[dict[str, Any]]]:
    """The statement that pays a submission's user, or takes back where the amount is below 0, and its rows: none where
    nothing is due. Whoever runs it has locked the submission."""
    row = {"submission_id": submission_id, "bounty_id": bounty_id, "amount": amount, "now": now}
    return "ledger_post", [row] if amount else []


def has_entries(tx: Tx, submission_id: int) -> bool:
    """Whether the ledger has ever been told of the submission."""
    return bool(tx.value("ledger_of_submission", submission_id=submission_id))


def balance_of_user(tx: Tx, actor: Actor, user_id: int) -> int:
    """What the user was paid in the actor's account."""
    return _balance(tx, actor, "user", user_id)


def balance_of_task(tx: Tx, actor: Actor, task_id: int) -> int:
    """What the task paid, as a number that is never above 0."""
    return _balance(tx, actor, "task", task_id)


def faults(tx: Tx) -> list[str]:
    """What in the ledger, and in what follows from it, does not add up; empty in every state that is committed."""
    found = {said: tx.all(statement) for said, statement in INVARIANTS.items()}
    return [f"{said}: {[tuple(row.values()) for row in rows]}" for said, rows in found.items() if rows]


def _balance(tx: Tx, actor: Actor, book: str, book_id: int) -> int:
    balance: int = tx.value("ledger_balance", account_id=actor.account.id, book=book, book_id=book_id)
    return balance
