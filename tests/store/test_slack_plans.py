"""What every request of Slack's asks walks an index."""

import pytest

from desk import Desk
from plans import insert, plan
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

MANY = 5_000


@pytest.fixture
def filled(store: Store) -> Store:
    desk = Desk.found(store)
    with store.write() as tx:
        people = (f"('{desk.admin.account.id}', '{n}@x.org', 'member', 1, 'U{n}')" for n in range(MANY))
        insert(tx, "users", "account_id, email, role, created_at, slack_id", people)
        requests = (f"('{n}', '', {n}, '{{}}')" for n in range(MANY))
        insert(tx, "slack_requests", "fingerprint, stamp, handled_at, answer", requests)
    if not isinstance(store, SqliteStore):
        with store.write() as tx:
            tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]
    return store


def test_no_statement_walks_a_table(filled: Store) -> None:
    assert "users_slack_id" in plan(filled, "all", "user_by_slack", slack_id="U7")
    plans = [
        plan(filled, "all", "user_link_slack", id=7, slack_id="U7"),
        plan(filled, "all", "slack_requests_forget", before=100, limit=10),
        plan(filled, "all", "slack_request_answered", fingerprint="7"),
        plan(filled, "all", "slack_request_answer", fingerprint="7", answer=""),
    ]
    for lines in plans:
        assert "Seq Scan" not in lines, lines
        assert "SCAN" not in lines.replace("SCAN CONSTANT ROW", ""), lines
    assert "slack_requests_handled" in plans[1]
