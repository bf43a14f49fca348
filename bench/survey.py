"""A survey to measure with: an account whose field holds so many tasks, each with two locations, a bounty, a client and
five occurrences, written by plain SQL."""

from collections.abc import Iterator
from dataclasses import dataclass

from rota.domain.field.geo import earth_centred
from rota.operations import accounts
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore

SECOND = 1_000_000
DAY = 86_400 * SECOND
BEGIN = 1_735_689_600 * SECOND
"""1 January 2025."""

LOCATIONS = 500
CLIENTS = 50
PROJECTS = 20
OCCURRENCES = 5
ADMIN = "admin-of-the-field"


@dataclass(frozen=True, slots=True)
class Survey:
    """`token` is that of its account's admin."""

    account_id: str
    tasks: int
    token: str


def open_store(database: str) -> Store:
    return SqliteStore(database) if database.startswith("sqlite") else PostgresStore(database)


def found(store: Store, *sizes: int) -> list[Survey]:
    """A survey of each size, in one database: what else the machine does meets all alike."""
    store.migrate()
    with store.write() as tx:
        accounts.found(tx, email="admin@localhost", token=ADMIN, account_id="0" * 32, token_id="t", now=1)
    surveys = [_survey(store, number, size) for number, size in enumerate(sizes, 1)]
    for survey in surveys:
        with store.write() as tx:
            _fill(tx, survey, sqlite=isinstance(store, SqliteStore))
    if isinstance(store, PostgresStore):
        _settle(store)
    return surveys


def _survey(store: Store, number: int, size: int) -> Survey:
    account_id, email = f"{number}" * 32, f"admin{number}@example.org"
    with store.write() as tx:
        root = accounts.superuser(tx)
        accounts.add_account(tx, root, f"survey {number}", None, account_id=account_id, now=1)
        accounts.add_user(tx, root, email, account_id=account_id, role=accounts.Role.ADMIN, now=1)
        accounts.add_token(tx, root, email, email, token_id=f"survey{number}", expires_at=None, now=1)
    return Survey(account_id, size, email)


def _fill(tx: Tx, survey: Survey, *, sqlite: bool) -> None:
    run = tx._connection.execute  # type: ignore[attr-defined]
    if not sqlite:
        # Checking each row's references would take most of the time.
        run("SET LOCAL session_replication_role = replica")
    account, named = f"'{survey.account_id}'", "account_id, name, created_at, modified_at"
    base = {table: (run(f"SELECT max(id) AS id FROM {table}").fetchone()["id"] or 0) for table in _TABLES}
    user = run(f"SELECT id FROM users WHERE account_id = {account}").fetchone()["id"]

    def insert(table: str, columns: str, values: str, rows: int) -> None:
        run(f"INSERT INTO {table} ({columns}) SELECT {values} {_series(rows, sqlite)}")

    insert("clients", named, f"{account}, 'client ' || k, {BEGIN}, {BEGIN}", CLIENTS)
    insert("projects", named, f"{account}, 'project ' || k, {BEGIN}, {BEGIN}", PROJECTS)
    for columns, values in _locations():
        run(f"INSERT INTO locations ({columns}, account_id) VALUES ({values}, {account})")
    client, project = (
        f"{base[table]} + 1 + k % {many}" for table, many in (("clients", CLIENTS), ("projects", PROJECTS))
    )
    first, start = base["tasks"], f"{BEGIN} + (k * 7919 % 730) * CAST({DAY} AS bigint)"
    insert(
        "tasks",
        "id, account_id, name, folded_name, description, start_at, start_given, end_at, end_given, timing_rule, zone,"
        " estimated_us, total_submission_target, user_submission_target, status, required_expertise,"
        " target_content_type, target_id, client_id, project_id, created_by, created_at, modified_at, bounty_id,"
        " bounty_amount, occurrence_count, submission_count, approved_count, pending_count, rejected_count",
        f"{first} + k, {account}, 'Task ' || (k * 104729 % 1000003), 'task ' || (k * 104729 % 1000003), 'what it is',"
        f" {start}, TRUE, {start} + 30 * CAST({DAY} AS bigint), TRUE, 'FREQ=DAILY;COUNT=5', 'UTC',"
        f" (k % 90 + 1) * CAST({60 * SECOND} AS bigint), 100, 5, substr('abcdes', CAST(k % 6 AS int) + 1, 1),"
        " k % 4 + 1,"
        f" 13, {user}, {client}, {project}, {user}, {BEGIN} + k * {SECOND}, {BEGIN} + (k * 31 % 1000003) * {SECOND},"
        f" {base['bounties']} + k, (k % 1000 + 1) * 100, {OCCURRENCES}, k % 13, 0, k % 13, 0",
        survey.tasks,
    )
    bounty = f"{base['bounties']} + k, {account}, {first} + k, (k % 1000 + 1) * 100, 'KES', {BEGIN}"
    insert("bounties", "id, account_id, task_id, amount, currency, created_at", bounty, survey.tasks)
    for each in range(2):
        location = f"{first} + k, {base['locations']} + 1 + (k * 13 + {each * 7}) % {LOCATIONS}"
        insert("task_locations", "task_id, location_id", location, survey.tasks)
    _occur(insert, survey, first)
    tx.run("task_times_insert", ids=str([first + each for each in range(1, survey.tasks + 1)]))


_TABLES = ("clients", "projects", "locations", "tasks", "bounties")


def _occur(insert, survey: Survey, first: int) -> None:  # type: ignore[no-untyped-def]
    """Each of a task's occurrences is a day after the one before. Days are looked up, for dates are not arithmetic."""
    for each in range(OCCURRENCES):
        day = f"(k * 7919 % 730 + {each})"
        month, number = f"({day} / 31 % 12 + 1)", f"({day} % 28 + 1)"
        date = f"(2025 + {day} / 372) * 10000 + {month} * 100 + {number}"
        hour = f"(k % 10 + 7) * CAST({3_600 * SECOND} AS bigint)"
        starts = f"{BEGIN} + {day} * CAST({DAY} AS bigint) + {hour}"
        insert(
            "occurrences",
            "account_id, task_id, date, week, week_day, start_time, end_time, starts_at, ends_at, created_at",
            f"'{survey.account_id}', {first} + k, {date}, {day} / 7 % 52 + 1, {day} % 7 + 1, {hour}, 86399999999,"
            f" {starts}, {starts} + 3600000000, {BEGIN}",
            survey.tasks,
        )


def _locations() -> Iterator[tuple[str, str]]:
    for number in range(LOCATIONS):
        longitude, latitude = 36.0 + number % 25 * 0.05, -1.5 + number // 25 * 0.05
        x, y, z = earth_centred(longitude, latitude)
        yield (
            "name, country, description, longitude, latitude, radius_m, x, y, z, created_at, modified_at",
            f"'place {number}', 'KE', '', {longitude}, {latitude}, 200.0, {x}, {y}, {z}, {BEGIN}, {BEGIN}",
        )


def _series(rows: int, sqlite: bool) -> str:
    if not sqlite:
        return f"FROM generate_series(CAST(1 AS bigint), {rows}) AS s (k)"
    return f"FROM (WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {rows}) SELECT k FROM n)"


def _settle(store: PostgresStore) -> None:
    """The next ids come after those that were given, and the planner knows what there is."""
    import psycopg

    with psycopg.connect(store.url, autocommit=True) as connection:
        for table in _TABLES:
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        connection.execute("VACUUM ANALYZE")
