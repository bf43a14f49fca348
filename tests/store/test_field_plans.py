"""Lists of the field walk an index: no statement of theirs scans a table that grows, and no order sorts one."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ground import ROOT, START, Ground
from plans import insert
from rota.domain.field.lookups import Filter, Of, conditions
from rota.domain.field.queries import Order, Query
from rota.domain.field.terms import Terms
from rota.operations.field.calendars import note_times
from rota.store import finding, standing
from rota.store.lookups import COLLECTIONS
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

OTHER = "e" * 32
FEW, MANY = 400, 4000
"""Tasks of the account that is asked, and of another one."""

FILTERS: Mapping[str, Filter] = {
    **{name: Filter(name, Of.ID) for name in ("project", "parent", "client", "locations", "task", "user")},
    **{name: Filter(name, Of.MOMENT) for name in ("created", "modified", "submission_time")},
    **{name: Filter(name, Of.TIME) for name in ("start_time", "end_time")},
    "date": Filter("date", Of.DATE),
    "status": Filter("status", Of.TEXT),
    "required_expertise": Filter("required_expertise", Of.NUMBER),
}
TASKS = (
    *(("status", "a"), ("status", "a,b"), ("project", "1"), ("project__isnull", "true"), ("parent", "1")),
    *(("parent__isnull", "false"), ("client", "1"), ("locations", "1"), ("locations", "1,2")),
    *(("required_expertise", "1"), ("date", "2018-06-03"), ("date__gt", "2018-06-03"), ("date__month", "6")),
    *(("date__year", "2018"), ("date__isnull", "true"), ("date__isnull", "false"), ("start_time", "07:00")),
    *(("start_time__lte", "07:00"), ("start_time__minute", "30"), ("end_time__hour", "23")),
    *(("created__gt", "2018-01-01"), ("created__month", "6"), ("modified__week", "3"), ("modified__hour", "3")),
)
OCCURRENCES = (("task", "1"), ("date", "2018-06-03"), ("date__month", "6"), ("start_time__gte", "07:00"))
SUBMISSIONS = (("task", "1"), ("user", "1"), ("status", "a"), ("submission_time__gt", "2018-06-03"))
GROWING = ("tasks", "occurrences", "submissions", "task_times", "task_locations")
SCAN = re.compile(r"SCAN (t|o|s|d|tl|tasks|occurrences|submissions)\b|Seq Scan on (\w+)")


def rows(first: int, last: int, account: str, first_place: int) -> Iterator[tuple[str, str, list[str]]]:
    numbers = range(first, last)
    columns = (
        "id, account_id, name, folded_name, description, start_at, start_given, end_given, zone, status,"
        " required_expertise, target_content_type, target_id, project_id, parent_id, client_id, created_by, created_at,"
        " modified_at, occurrence_count"
    )
    task = (
        f"({each}, '{account}', 't{each}', 't{each}', '', {START + each}, TRUE, TRUE, 'UTC', '{'abcdes'[each % 6]}',"
        f" {each % 4 + 1}, 15, 1, 1, NULL, 1, 1, {START + each}, {START + each}, 2)"
        for each in numbers
    )
    yield "tasks", columns, list(task)
    pairs = (f"({each}, {first_place + (each + at) % 20})" for each in numbers for at in (0, 1))
    yield "task_locations", "task_id, location_id", list(pairs)
    columns = "account_id, task_id, date, week, week_day, start_time, end_time, starts_at, ends_at, created_at"
    occurrence = (
        f"('{account}', {each}, {20180601 + (each + at) % 28}, 22, 1, {each % 24 * 3600000000 + at}, 86399999999, 1, 2,"
        f" {START + each})"
        for each in numbers
        for at in (0, 1)
    )
    yield "occurrences", columns, list(occurrence)
    columns = (
        "account_id, task_id, user_id, submitted_at, valid, status, comments, data, target_content_type, target_id,"
        " created_at, modified_at"
    )
    submission = (
        f"('{account}', {each}, 1, {START + each}, TRUE, 'a', '', '', 15, 1, {START + each}, {START + each})"
        for each in numbers
    )
    yield "submissions", columns, list(submission)


@pytest.fixture
def many(store: Store) -> Store:
    Ground.found(store)
    with store.write() as tx:
        run: Callable[[str], Any] = tx._connection.execute  # type: ignore[attr-defined]
        if not isinstance(store, SqliteStore):
            run("SET LOCAL session_replication_role = replica")
        columns = "id, account_id, name, country, description, created_at, modified_at"
        for account, first in ((ROOT, 1), (OTHER, 101)):
            insert(tx, "locations", columns, [f"({first + at}, '{account}', 'l', '', '', 1, 1)" for at in range(20)])
        for table in ("clients", "projects"):
            insert(tx, table, "account_id, name, created_at, modified_at", [f"('{ROOT}', 'n', 1, 1)"])
        for given in (rows(1, FEW, ROOT, 1), rows(FEW, FEW + MANY, OTHER, 101)):
            for table, names, each in given:
                insert(tx, table, names, each)
        note_times(tx, range(1, FEW + MANY))
    if not isinstance(store, SqliteStore):
        with store.write() as tx:
            tx._connection.execute("ANALYZE")  # type: ignore[attr-defined]
    return store


def plans(store: Store, collection: str, query: Query, *, searched: bool = False) -> list[tuple[str, str]]:
    """The statements that a list takes, each with its plan; `searched` for, as nobody does who may remember."""
    sqlite = isinstance(store, SqliteStore)
    seen: list[tuple[str, str]] = []
    with store.write() if searched else store.read() as tx:
        execute = tx._execute  # type: ignore[attr-defined]
        if not sqlite:
            # Tables of tests are so small that PostgreSQL may well read them whole.
            execute("setting", "SET LOCAL enable_seqscan = off", {})

        def explained(statement: str, sql: str, params: Mapping[str, Any]) -> Any:
            explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            lines = execute(statement, explain + sql, params).fetchall()
            seen.append((statement, "\n".join(line["detail" if sqlite else "QUERY PLAN"] for line in lines)))
            return execute(statement, sql, params)

        tx._execute = explained  # type: ignore[attr-defined]
        tx.find(collection, query, account_id=ROOT)
    return seen


def scanned(lines: str) -> set[str]:
    return {first or table for first, table in SCAN.findall(lines) if first or table in GROWING}


WAYS = ((500, 500), (0, 500), (0, 0))
"""Gathered, looked for among the first, walked or read in their order."""


def test_no_filter_scans_a_table_that_grows(many: Store) -> None:
    terms = Terms(ZoneInfo("Europe/Berlin"), "Europe/Berlin")
    asked = [("tasks", each) for each in TASKS] + [("occurrences", each) for each in OCCURRENCES]
    asked += [("submissions", each) for each in SUBMISSIONS]
    for (few, ahead), (collection, (name, value)), searched in itertools.product(WAYS, asked, (False, True)):
        query = Query(conditions(FILTERS, name, [value], terms), order=(Order("id"),))
        with pytest.MonkeyPatch.context() as patch:
            for module in (finding, standing):
                patch.setattr(module, "FEW", few)
                patch.setattr(module, "AHEAD", ahead)
            seen = plans(many, collection, query, searched=searched)
        assert len(seen) <= (4 if searched else 6)
        for statement, lines in seen:
            assert not scanned(lines), (name, statement, lines)


def test_no_order_sorts(many: Store) -> None:
    for collection, descending in itertools.product(("tasks", "occurrences", "submissions"), (False, True)):
        for name in COLLECTIONS[collection].orders.keys() - COLLECTIONS[collection].costly:
            query = Query(order=(Order(name, descending),))
            for statement, lines in plans(many, collection, query, searched=True):
                assert not scanned(lines), (name, statement, lines)
                # Those that are alike are sorted, where they are few: the id breaks ties upwards both ways.
                assert "TEMP B-TREE FOR ORDER BY" not in lines, (name, lines)
                assert not re.search(r"(?<!Incremental )Sort  ", lines), (name, lines)
