"""Numbers of jobs: those that are there get one, oldest first, and pages of them walk no other account's jobs."""

import itertools
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from books import query
from ground import ROOT, Ground
from plans import insert, plan_by_indexes
from rota.domain.field.queries import Comparison, Condition, Order, Query
from rota.store import migrations
from rota.store.port import Store, Tx
from rota.store.sqlite import SqliteStore
from store.test_field_plans import plans

OTHER = "e" * 32
MINE, THEIRS = 100, 20_000
COLUMNS = "id, account_id, auth_account_id, user_id, category, action, header, out_header, ordered, created_at, status"
OWN = r"account_id = '|account_id=\?"


def row(job_id: str, account: str, created_at: int) -> str:
    return f"('{job_id}', '{account}', '{account}', 1, 'trial', 'row', '[]', '[]', FALSE, {created_at}, 'success')"


def add_user(tx: Tx) -> None:
    insert(tx, "accounts", "id, name, parent_id, lineage, created_at", [f"('{ROOT}', 'root', NULL, '{ROOT}', 1)"])
    insert(tx, "users", "account_id, email, role, created_at", [f"('{ROOT}', 'a', 'admin', 1)"])


def numbered(store: Store) -> list[str]:
    with store.write() as tx:
        return [each["job_id"] for each in query(tx, "SELECT job_id FROM job_numbers ORDER BY id")]


@pytest.fixture
def older(open_store: Callable[[], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of the schema before there were numbers, with a user; the migrations are those of now."""
    folder, store = tmp_path / "migrations", open_store()
    shutil.copytree(Path(migrations.__path__[0]), folder)
    for later in folder.glob("*/00[1-9][0-9]_*.sql"):
        later.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_HERE", folder)
        store.migrate()
    with store.write() as tx:
        add_user(tx)
    return store


def test_jobs_that_are_there_are_numbered_oldest_first(older: Store) -> None:
    with older.write() as tx:
        insert(tx, "jobs", COLUMNS, [row(name, ROOT, at) for name, at in (("b", 7), ("c", 5), ("a", 7))])
    assert older.migrate()[0] == "0010_job_numbers"
    with older.write() as tx:
        insert(tx, "jobs", COLUMNS, [row("0", ROOT, 1)])
    assert numbered(older) == ["c", "a", "b", "0"]


def test_a_job_that_comes_while_numbers_are_given_out_gets_one(older: Store, open_store: Callable[[], Store]) -> None:
    migrating, begun = open_store(), threading.Event()

    def migrate() -> list[str]:
        begun.set()
        return migrating.migrate()

    with ThreadPoolExecutor(1) as pool:
        with older.write() as tx:
            insert(tx, "jobs", COLUMNS, [row("late", ROOT, 1)])
            done = pool.submit(migrate)
            assert begun.wait(60)
            # It may be anywhere on its way, or wait for this transaction.
            threading.Event().wait(0.3)
        assert "0010_job_numbers" in done.result(60)
    assert numbered(older) == ["late"]


@pytest.fixture
def many(store: Store) -> Store:
    """An account whose jobs are the newest, after a great many of another one."""
    Ground.found(store)
    with store.write() as tx:
        for account, first, count in ((OTHER, 0, THEIRS), (ROOT, THEIRS, MINE)):
            insert(tx, "jobs", COLUMNS, [row(f"{each:08}", account, each) for each in range(first, first + count)])
        tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]
    return store


def test_no_page_of_jobs_walks_those_of_another_account(many: Store) -> None:
    orders = [Order(name, down) for name, down in itertools.product(("id", "created"), (False, True))]
    tests = {
        "status": (Comparison.IN, ("success",)),
        "category": (Comparison.IN, ("trial",)),
        "action": (Comparison.EXACT, "row"),
        "created": (Comparison.GTE, 0),
        "id": (Comparison.GTE, 0),
    }
    asked = [(), *((Condition(name, *test),) for name, test in tests.items())]
    for conditions, order in itertools.product(asked, orders):
        for statement, lines in plans(many, "jobs", Query(conditions, order=(order,))):
            assert re.search(OWN, lines), (statement, lines)
            assert not walked(lines, isinstance(many, SqliteStore)), (conditions, order, lines)


def test_a_job_is_found_by_its_id_alone(many: Store) -> None:
    condition = Condition("job_id", Comparison.IN, (f"{THEIRS:08}",))
    for statement, lines in plans(many, "jobs", Query((condition,), order=(Order("id"),))):
        assert not re.search(r"jobs_newest|SCAN|Seq Scan", lines), (statement, lines)


def walked(lines: str, sqlite: bool) -> bool:
    """Whether a table is read in the order of an index, or whole, and not looked up in."""
    if sqlite:
        return re.search(r"SCAN (j|jn)\b", lines) is not None
    scans = re.split(r"->", lines)
    return any(re.search(r"Scan.* on (jobs|job_numbers)\b", each) and "Index Cond" not in each for each in scans)


def test_the_jobs_of_a_page_and_of_targets_are_looked_up(many: Store) -> None:
    for statement in ("jobs_by_ids", "jobs_known"):
        params: dict[str, Any] = {"account_id": ROOT, "ids": f"[{THEIRS + 1}, {THEIRS + 2}]"}
        lines = plan_by_indexes(many, "all", statement, **params)
        assert not re.search(r"jobs_newest|SCAN (j|jn)\b|Seq Scan on job", lines), (statement, lines)
