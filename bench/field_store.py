"""A store with many tasks of the field, by plain SQL: what lists are timed on.

Each task has two locations, a bounty, a client and five occurrences, of which some are apart by days, some by months.
"""

from typing import Any

from rota.operations import accounts
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

ROOT = "0" * 32
LOCATIONS, CLIENTS, PROJECTS = 100, 20, 40
DAY = 86_400_000_000
START = 1_530_000_000_000_000


def fill(store: Store, tasks: int) -> None:
    """The account is ROOT, the admin its only user."""
    with store.write() as tx:
        accounts.found(tx, email="admin@localhost", token="x", account_id=ROOT, token_id="t0", now=1)
    for each in _texts(tasks, isinstance(store, SqliteStore)):
        with store.write() as tx:
            tx._connection.execute(each)  # type: ignore[attr-defined]


def _texts(tasks: int, sqlite: bool) -> list[str]:
    def numbers(most: int) -> str:
        return (
            f"(WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {most}) SELECT n FROM up) g"
            if sqlite
            else f"generate_series(CAST(1 AS bigint), {most}) AS g (n)"
        )

    named = "account_id, name, created_at, modified_at"
    bits = "CAST(1 AS bigint) << CAST"
    ids = "IN (SELECT id FROM tasks)"
    times = _times_text().replace("IN ({ids})", ids)
    hashed = "(g.n * 7919 % 100003)"
    assert bits
    return [
        f"INSERT INTO clients ({named}) SELECT '{ROOT}', 'c', 1, 1 FROM {numbers(CLIENTS)}",
        f"INSERT INTO projects ({named}) SELECT '{ROOT}', 'p', 1, 1 FROM {numbers(PROJECTS)}",
        f"INSERT INTO locations ({named}, country, description, x, y, z) SELECT '{ROOT}', 'l', 1, 1, '', '',"
        f" g.n, g.n * g.n, 0 FROM {numbers(LOCATIONS)}",
        "INSERT INTO tasks (account_id, name, folded_name, description, start_at, start_given, end_at, end_given,"
        " timing_rule, zone, estimated_us, status, required_expertise, target_content_type, target_id, parent_id,"
        " client_id, project_id, created_by, created_at, modified_at, bounty_id, bounty_amount, submission_count,"
        " approved_count, occurrence_count)"
        f" SELECT '{ROOT}', 'Task ' || {hashed}, 'task ' || {hashed}, 'a description of some length',"
        f" {START} + {hashed} * 600000000, TRUE, CASE WHEN g.n % 3 = 0 THEN NULL ELSE {START} + g.n * 900000000 END,"
        " TRUE, 'FREQ=DAILY;COUNT=5', 'UTC', CASE WHEN g.n % 4 = 0 THEN NULL ELSE g.n % 7 * 600000000 END,"
        " substr('aaabcdes', CAST(g.n % 8 + 1 AS integer), 1), g.n % 4 + 1, 15, 1,"
        f" CASE WHEN g.n % 10 = 0 AND g.n > 20 THEN g.n % 20 + 1 ELSE NULL END, g.n % {CLIENTS} + 1,"
        f" CASE WHEN g.n % 2 = 0 THEN g.n % {PROJECTS} + 1 ELSE NULL END, 1, {START} + g.n * 300000000,"
        f" {START} + {hashed} * 300000000, g.n, g.n % 50 * 100 + 100, g.n % 6, g.n % 6, 5 FROM {numbers(tasks)}",
        f"INSERT INTO task_locations (task_id, location_id) SELECT g.n, g.n % {LOCATIONS} + 1 FROM {numbers(tasks)}",
        f"INSERT INTO task_locations (task_id, location_id) SELECT g.n, (g.n + 37) % {LOCATIONS} + 1"
        f" FROM {numbers(tasks)}",
        "INSERT INTO bounties (account_id, task_id, amount, currency, created_at)"
        f" SELECT '{ROOT}', g.n, 100, 'KES', 1 FROM {numbers(tasks)}",
        "INSERT INTO occurrences (account_id, task_id, date, week, week_day, start_time, end_time, starts_at, ends_at,"
        f" created_at) SELECT '{ROOT}', n, (2018 + m / 12) * 10000 + (m % 12 + 1) * 100 + d, (m % 12) * 4 + d / 8 + 1,"
        " d % 7 + 1, h * 3600000000, 86399999999, s, s + 3600000000, 1 FROM (SELECT (g.n - 1) / 5 + 1 AS n,"
        " ((g.n - 1) / 5 + CASE WHEN g.n % 10 < 5 THEN 0 ELSE g.n % 5 * 3 END) % 36 AS m,"
        " ((g.n - 1) / 5 * 7 + g.n % 5 * 3) % 28 + 1 AS d, (g.n - 1) / 5 % 12 + 6 AS h,"
        f" {START} + g.n * 86400000 AS s FROM {numbers(tasks * 5)}) x",
        times,
        "ANALYZE" if not sqlite else "SELECT 1",
    ]


def _times_text() -> str:
    from rota.store.statements import load

    text: Any = load("sqlite", "sqlite3")["task_times_insert"]
    return str(text).replace("IN (SELECT value FROM json_each(:ids))", "IN ({ids})")
