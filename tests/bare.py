"""Rows of the field as bare as their tables allow, where a test needs many, or some of another collection's."""

from collections.abc import Iterable

from ground import ADMIN, ROOT, Ground
from plans import insert
from rota.store.port import Tx
from rota.store.sqlite import SqliteStore

_TASK = (
    "account_id, name, folded_name, description, start_at, zone, status, required_expertise, target_content_type,"
    " target_id, created_by, created_at, modified_at"
)
_SUBMISSION = (
    "account_id, task_id, user_id, submitted_at, valid, status, comments, data, target_content_type, target_id,"
    " created_at, modified_at"
)
_ENTRY = "account_id, submission_id, posting, book, book_id, amount, currency, bounty_id, created_at"


def task_about(ground: Ground, form: int) -> None:
    """A task whose target is the form."""
    values = f"('{ROOT}', 'x', 'x', '', 1, 'UTC', 'd', 1, 16, {form}, {ground.actors[ADMIN].user.id}, 1, 1)"
    with ground.store.write() as tx:
        insert(tx, "tasks", _TASK, [values])


def unchecked(ground: Ground, tx: Tx) -> None:
    """References are not checked until the transaction ends: for many rows that would take most of the time."""
    sqlite = isinstance(ground.store, SqliteStore)
    setting = "PRAGMA defer_foreign_keys = ON" if sqlite else "SET LOCAL session_replication_role = replica"
    tx._connection.execute(setting)  # type: ignore[attr-defined]


def users(tx: Tx, many: int) -> None:
    rows = (f"('{ROOT}', '{at}@many.org', 'member', FALSE, 1, 1)" for at in range(many))
    insert(tx, "users", "account_id, email, role, superuser, expertise, created_at", rows)


def submissions(tx: Tx, answers: Iterable[tuple[int, str]]) -> None:
    """Of users, by their ids, with a status, to task 1."""
    rows = (f"('{ROOT}', 1, {user}, 1, TRUE, '{status}', '', '{{}}', 16, 1, 1, 1)" for user, status in answers)
    insert(tx, "submissions", _SUBMISSION, rows)


def entries(tx: Tx, paid: Iterable[tuple[int, int, int]]) -> None:
    """What users were paid for submissions: user, submission, amount in hundredths; of bounty 1."""
    rows = (f"('{ROOT}', {submission}, 1, 'user', {user}, {amount}, 'KES', 1, 1)" for user, submission, amount in paid)
    insert(tx, "ledger_entries", _ENTRY, rows)


def bounty(tx: Tx) -> None:
    """Bounty 1, of task 1."""
    insert(tx, "bounties", "account_id, task_id, amount, currency, created_at", [f"('{ROOT}', 1, 100, 'KES', 1)"])
