"""What couriers ask for all day is a range of an index, however many deliveries are settled or wait for their time."""

from typing import Any

import pytest

from desk import ROOT, START, Desk
from plans import insert, plan
from rota.domain.webhooks import State
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

MANY = 20_000
WEBHOOKS = 20
COLUMNS = "webhook_id, message_id, event_id, kind, payload, queued_at, next_at, attempts"


def fill(desk: Desk) -> None:
    """Many that were delivered, many that wait for their next attempt, many that are due at one webhook that says
    nothing, a few that are in hand."""
    with desk.store.write() as tx:
        webhooks = (
            f"('{number:016x}', '{ROOT}', 'http://x/', '', '', 'whsec_', 0, {START})" for number in range(WEBHOOKS)
        )
        insert(tx, "webhooks", "id, account_id, url, kinds, description, secret, position, created_at", webhooks)
        if not isinstance(desk.store, SqliteStore):
            tx._connection.execute("SET LOCAL session_replication_role = replica")  # type: ignore[attr-defined]
        settled = (
            f"('{at % WEBHOOKS:016x}', 'a{at}', {at}, 'item.added', '{{}}', {START}, {START + at}, 1, 'delivered',"
            f" {START + at})"
            for at in range(MANY)
        )
        insert(tx, "deliveries", f"{COLUMNS}, state, settled_at", settled)
        waiting = (
            f"('{at % WEBHOOKS:016x}', 'b{at}', {at}, 'item.added', '{{}}', {START}, {START + MANY + at}, 1)"
            for at in range(MANY)
        )
        insert(tx, "deliveries", COLUMNS, waiting)
        dead = (
            f"('{0:016x}', 'd{at}', {at}, 'item.added', '{{}}', {START}, {START + at}, 0)" for at in range(MANY // 2)
        )
        insert(tx, "deliveries", COLUMNS, dead)
        held = (
            f"('{at % WEBHOOKS:016x}', 'c{at}', {at}, 'item.added', '{{}}', {START}, {START + MANY}, 1, 'me')"
            for at in range(20)
        )
        insert(tx, "deliveries", f"{COLUMNS}, courier", held)
        lines = (f"({START + at}, 'item.added', '{ROOT}', 'item:{at // 5}', 1, '{{}}')" for at in range(MANY))
        insert(tx, "events", "at, kind, account_id, subject, user_id, facts", lines)


def searches(desk: Desk, how: str, statement: str, *args: Any, **params: Any) -> str:
    """The plan of a statement that must not walk the deliveries; a few rows may be sorted."""
    lines = plan(desk.store, how, statement, *args, **params)
    if isinstance(desk.store, SqliteStore):
        for name in ("d", "x", "deliveries"):
            assert f"SCAN {name}\n" not in f"{lines}\n", lines
            assert f"SCAN {name} " not in lines, lines
    else:
        assert "Seq Scan on deliveries" not in lines, lines
    return lines


def check_plans(desk: Desk) -> None:
    now, one = START + MANY // 2, f"{1:016x}"
    assert "deliveries_next" in searches(desk, "all", "delivery_waits", now=now)
    assert "deliveries_due" in searches(desk, "all", "deliveries_due", busy="[]", each=4, limit=256, now=now)
    searches(desk, "all", "deliveries_claim", ids="[7, 8]", courier="me", lease_until=now, now=now)
    assert "deliveries_held" in searches(desk, "all", "deliveries_free", prefix="me", prefix_end="mf", now=now)
    assert "deliveries_settled" in searches(desk, "all", "deliveries_forget", before=START + 100, limit=500)
    assert "deliveries_of_event" in searches(desk, "all", "deliveries_of_subject_delete", subject="item:7")
    searches(desk, "all", "deliveries_abandon", webhook_id=one, because="", now=now)
    searches(desk, "all", "delivery_by_message", message_id="a7", webhook_id=one)
    for tests in ({}, {"state": State.FAILED.value}):
        lines = searches(desk, "page", "deliveries_page", tests, webhook_id=one, limit=100)
        assert "TEMP B-TREE" not in lines and "Sort" not in lines, lines
        assert "Index" in lines or "deliveries_" in lines, lines


@pytest.fixture
def desk(store: Store) -> Desk:
    made = Desk.found(store)
    fill(made)
    return made


def test_no_statement_of_a_courier_walks_the_deliveries(desk: Desk) -> None:
    # SQLite plans without statistics, for nobody gathers them; PostgreSQL's autovacuum does.
    if isinstance(desk.store, SqliteStore):
        check_plans(desk)
    with desk.store.write() as tx:
        tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]
    check_plans(desk)
