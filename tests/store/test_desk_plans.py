"""What the desk asks for all day walks an index in its order, however much is in the queue, the past and the log."""

import itertools
import re
from collections.abc import Mapping
from typing import Any

import pytest

from desk import ROOT, START, Desk
from plans import insert, plan
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

MANY = 20_000
USERS = 20
ITEM = (
    "account_id, title, description, instructions, deadline, dated, estimate_us, priority, tags, properties, blocks,"
    " owner_id, creator_id, created_at, modified_at, since, generation, score"
)
PAGES: Mapping[str, Mapping[str, Any]] = {
    "status": {"status": "queued"},
    "present": {"present": True},
    "owner_id": {"owner_id": 3},
}
LOGS: Mapping[str, Mapping[str, Any]] = {
    "desk": {"desk": True},
    "kind": {"kind": "item.grabbed"},
    "user": {"user_id": 3, "desk": True},
    "user and kind": {"user_id": 3, "kind": "shift.started"},
    "item": {"subject": "item:7", "desk": True},
}


def fill(desk: Desk) -> None:
    """A long queue, a long past of completed items, and a log in which most lines are of bulk jobs."""
    for number in range(USERS):
        desk.hire(f"{number}@example.org")
    with desk.store.write() as tx:
        if not isinstance(desk.store, SqliteStore):
            # Checking each row's references would take most of the time.
            tx._connection.execute("SET LOCAL session_replication_role = replica")  # type: ignore[attr-defined]
        queued = (
            f"('{ROOT}', 'x', '', '', 1, FALSE, 1, {at % 7}, '', '{{}}', 0, {at % USERS + 2}, 1, {START + at},"
            f" {START + at}, {START + at}, 0, {at * 7919 % MANY})"
            for at in range(MANY)
        )
        insert(tx, "items", ITEM, queued)
        done = (
            f"('{ROOT}', 'x', '', '', 1, FALSE, 1, {at % 7}, '', '{{}}', 0, {at % USERS + 2}, 1, {START}, {START},"
            f" {START + at}, 0, {at * 7919 % MANY}, 'completed', {at % USERS + 2}, {START + at}, 'success', {at})"
            for at in range(MANY)
        )
        insert(tx, "items", f"{ITEM}, status, holder_id, completed_at, completion, queued_us", done)
        kinds = (*["chunk.settled"] * 20, "item.added", "item.grabbed", "shift.started")
        lines = (
            f"({START + at}, '{kinds[at % 23]}', '{at % 20:032x}', 'item:{at // 50}', {at % USERS + 2}, '{{}}')"
            for at in range(2 * MANY)
        )
        insert(tx, "events", "at, kind, account_id, subject, user_id, facts", lines)
        phases = (
            f"({at + 1}, '{ROOT}', {at % USERS + 2}, {at % USERS + 2}, 'queued', {START}, {START + at}, 'grab')"
            for at in range(MANY)
        )
        columns = "item_id, account_id, owner_id, user_id, status, started_at, ended_at, verb"
        insert(tx, "item_phases", columns, phases)
        past = (f"({at % USERS + 2}, {at}, {at + 1})" for at in range(MANY))
        insert(tx, "shifts", "user_id, started_at, ended_at", past)


@pytest.fixture
def desk(store: Store) -> Desk:
    made = Desk.found(store)
    fill(made)
    return made


def analyze(desk: Desk) -> None:
    with desk.store.write() as tx:
        tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]


def walks(desk: Desk, how: str, statement: str, *args: Any, **params: Any) -> str:
    """The plan of a statement that must neither sort nor walk a table that grows; the few users may be sorted."""
    lines = plan(desk.store, how, statement, *args, **params)
    if isinstance(desk.store, SqliteStore):
        assert "USE TEMP B-TREE" not in lines, lines
        for name in ("i", "e", "s", "items", "item_phases", "events", "shifts"):
            assert f"SCAN {name}\n" not in f"{lines}\n", lines
            assert f"SCAN {name} " not in lines, lines
    else:
        assert all(int(rows) <= 100 for rows in re.findall(r"Sort +\(.* rows=(\d+)", lines)), lines
        for name in ("items", "events", "item_phases", "shifts"):
            assert f"Seq Scan on {name}" not in lines, lines
    return lines


def test_no_statement_of_the_day_sorts_or_walks_the_queue_or_the_log(desk: Desk) -> None:
    # SQLite plans without statistics, for nobody gathers them; PostgreSQL's autovacuum does.
    if not isinstance(desk.store, SqliteStore):
        analyze(desk)
    check_plans(desk)
    if isinstance(desk.store, SqliteStore):
        analyze(desk)
        check_plans(desk)


def check_plans(desk: Desk) -> None:
    assert "items_queue" in walks(desk, "all", "item_next", account_id=ROOT)
    assert "items_queue" in walks(desk, "all", "items_urgent", account_id=ROOT, limit=100)
    if not isinstance(desk.store, SqliteStore):
        assert "items_queue" in walks(desk, "all", "item_last_left", account_id=ROOT)
    assert "items_waiting" in walks(desk, "all", "items_waiting_longest", account_id=ROOT, limit=10)
    assert "items_one_active" in walks(desk, "all", "item_active", user_id=3)
    assert "items_held" in plan(desk.store, "all", "items_suspended", user_id=3)
    assert "shifts_one_open" in walks(desk, "all", "shift_lock", user_id=3)
    assert "items_by_generation" in walks(desk, "all", "items_of_old_weights", generation=0, limit=500)
    assert "shifts_of_user" in walks(desk, "all", "worker_by_email", email="3@example.org", account_id=ROOT)
    walks(desk, "all", "workers_on_shift", account_id=ROOT)
    walks(desk, "all", "item_by_id", id=7, account_id=ROOT)
    walks(desk, "all", "items_by_ids", account_id=ROOT, ids="[7, 8]")
    assert "items_queue" not in walks(desk, "all", "items_lock", account_id=ROOT, ids="[7, 8]")
    walks(desk, "all", "items_open", account_id=ROOT, ids="[7, 8]")
    check_lists(desk)
    check_log(desk)
    hour = {"account_id": ROOT, "since": START + MANY - 100, "until": START + MANY}
    assert "phases_grabbed" in walks(desk, "all", "stats_waiting", threshold_us=1, **hour)
    assert "items_completed" in walks(desk, "page", "stats_items_completed", {}, **hour)


def check_lists(desk: Desk) -> None:
    for chosen in itertools.chain.from_iterable(itertools.combinations(PAGES, size) for size in (1, 2)):
        if {"status", "present"} <= set(chosen) or chosen == ("owner_id",):
            continue
        tests = {name: value for each in chosen for name, value in PAGES[each].items()}
        walks(desk, "page", "items_page", tests, account_id=ROOT, limit=100)


def check_log(desk: Desk) -> None:
    for tests in LOGS.values():
        lines = walks(desk, "page", "desk_log", tests, account_id=ROOT, limit=100)
        assert "events_of" in lines, (tests, lines)
        named = {("user" if name == "user_id" else name): value for name, value in tests.items()}
        named |= {"user": "3@example.org"} if "user" in named else {}
        # A few rows from a long log: all that there are may well be sorted, once they fit in a page.
        for position in (0, 2 * MANY - 100):
            between = {"position": position, "until": 2 * MANY}
            lines = walks(desk, "page", "desk_log_after", named, account_id=ROOT, limit=20, **between)
            assert "events_of" in lines or "events_pkey" in lines, (named, lines)
