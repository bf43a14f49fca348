"""A database that moves from SQLite to PostgreSQL, every table read again and compared, against a bare COPY of the same
bytes, ready-made and not verified, into the same tables with their indexes in place.

Size: rows, half of them events and half tasks of the desk.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg

from bench.measure import Finding, at_least, in_turns, scratch
from bench.postgres import postgres
from rota.moving.transfer import transfer
from rota.operations import accounts
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore
from rota.store.whole_postgres import PostgresWhole
from rota.store.whole_sqlite import SqliteWhole

RUNS = 3
Dump = tuple[str, list[bytes]]

_EVENTS = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO events (at, kind, account_id, subject, user_id, facts)
SELECT 1700000000000000 + i, 'chunk.settled', :account, 'job' || (i / 50), 1,
    '{"succeeded": 20000, "first_row": ' || i || '}' FROM n"""
_ITEMS = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO items (account_id, title, description, instructions, deadline, dated, estimate_us, priority, tags,
    properties, blocks, owner_id, creator_id, created_at, modified_at, since, generation, score)
SELECT :account, 'Call customer number ' || i, 'About the bill', '', 1700000000000000, 0, 3600000000, i % 10, '["a"]',
    '{}', 0, 1, 1, 1700000000000000, 1700000000000000, 1700000000000000, 1, i * 0.37 FROM n"""


def measure(rows: int = 200_000) -> Iterator[Finding]:
    with scratch(rows * 3_000) as folder, postgres() as url:
        source, ours, bare = _filled(folder / "rota.db", rows), _database(url, "ours"), _database(url, "bare")
        dumps = _dumped(source)
        took = in_turns(RUNS, ours=lambda: _move(source, ours), bare=lambda: _copy(bare, dumps))
    moved, copied = took["ours"].median, took["bare"].median
    print(f"   migrate-store: {took['ours']}; COPY: {took['bare']}")
    more = f"{rows / moved:,.0f} against {rows / copied:,.0f} rows/s"
    yield at_least(f"{rows:,} rows move to PostgreSQL and are compared, against a bare COPY", 0.5, copied / moved, more)


def _filled(path: Path, rows: int) -> SqliteWhole:
    store = SqliteStore(f"sqlite:///{path}")
    store.migrate()
    with store.write() as tx:
        accounts.found(tx, email="admin@localhost", token="t" * 16, account_id="a" * 32, token_id="b" * 16, now=1)
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        for insert in (_EVENTS, _ITEMS):
            connection.execute(insert, {"rows": rows // 2, "account": "a" * 32})
        connection.commit()
    return SqliteWhole(store.url)


def _database(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    found = url.removesuffix("/postgres") + f"/{name}"
    store = PostgresStore(found)
    store.migrate()
    store.close()
    return found


def _dumped(source: SqliteWhole) -> list[Dump]:
    """What a COPY of each table takes."""
    found: list[Dump] = []
    with source.snapshot() as snapshot:
        for table in snapshot.tables:
            blocks: list[bytes] = []
            snapshot.dump(table, blocks.append)
            found.append((f"COPY {table.name} ({table.slots['columns']}) FROM STDIN (FORMAT binary)", blocks))
    # Those that others refer to come first.
    first = ("COPY accounts", "COPY users")
    return sorted(found, key=lambda each: not each[0].startswith(first))


def _move(source: SqliteWhole, url: str) -> None:
    transfer(source, PostgresWhole(url), places=None, force=True, tell=lambda sentence: None)


def _copy(url: str, dumps: list[Dump]) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE accounts CASCADE")
        connection.execute("TRUNCATE events")
        for sql, blocks in dumps:
            with connection.cursor().copy(sql.encode()) as copy:
                for block in blocks:
                    copy.write(block)
