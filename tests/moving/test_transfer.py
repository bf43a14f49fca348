"""A move takes everything along, to the last bit, and refuses what would mix or lose anything."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from fnmatch import fnmatchcase
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moving.conftest import content, whole_at
from rota.moving.transfer import Moved, transfer
from rota.store import whole, wire
from rota.store.blobs import LocalBlobs
from rota.store.migrations import known, lay
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore
from rota.store.whole import Kind, Unmovable, Whole
from rota.store.whole_sqlite import SqliteWhole

Filled = Callable[..., Whole]
NewUrl = Callable[..., str]


NUMBERS = "SELECT id, job_id FROM job_numbers ORDER BY id"
NEW_JOB = (
    "INSERT INTO jobs (id, account_id, auth_account_id, user_id, category, action, header, out_header, ordered,"
    " created_at, status) SELECT 'NEW', account_id, auth_account_id, user_id, category, action, header, out_header,"
    " ordered, created_at, status FROM jobs LIMIT 1"
)


def move(source: Whole, target: Whole, *, force: bool = False) -> Moved:
    return transfer(source, target, places=None, force=force, tell=lambda sentence: None)


def schema(connection: psycopg.Connection) -> list[tuple[str, ...]]:
    """What rows coming in put aside and is to be there afterwards."""
    return connection.execute(
        "SELECT pg_get_indexdef(indexrelid), CAST(indisvalid AS text) FROM pg_index WHERE indrelid >= 16384"
        " UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid >= 16384"
        " UNION ALL SELECT tgname, CAST(tgenabled AS text) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    ).fetchall()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)])
def test_everything_goes_to_postgresql_and_back_unchanged(filled: Filled, new_url: NewUrl, seed: int) -> None:
    source, there, back = filled(seed), whole_at(new_url("postgres", bare=True)), whole_at(new_url("sqlite"))
    before = content(source)
    assert all(len(data) > len(wire.HEAD + wire.TAIL) for data, _ in before.values()), "rows in every table"
    first, second = move(source, there), move(there, back)
    assert first.anew and second.anew
    assert content(there) == content(back) == content(source) == before
    assert [each.sha256 for each in first.tables] == [each.sha256 for each in second.tables]


def test_a_move_leaves_the_schema_as_the_migrations_made_it(filled: Filled, new_url: NewUrl) -> None:
    url = new_url("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        before = schema(connection)
        assert len(before) > 100
        move(filled(), whole_at(url))
        assert schema(connection) == before


def test_new_ids_follow_the_highest_that_was_ever_given_out(filled: Filled, new_url: NewUrl) -> None:
    source, url = filled(), new_url("postgres")
    given_out = content(source)["events"][1]
    assert given_out > 4
    move(source, whole_at(url))
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "INSERT INTO events (at, kind, account_id, subject, facts) VALUES (1, '', '', '', '') RETURNING id"
        ).fetchone()
        assert row == (given_out + 1,)
    back = new_url("sqlite")
    move(whole_at(url), whole_at(back))
    with closing(sqlite3.connect(back.removeprefix("sqlite:///"))) as embedded:
        sql = "INSERT INTO events (at, kind, account_id, subject, facts) VALUES (1, '', '', '', '') RETURNING id"
        assert embedded.execute(sql).fetchall() == [(given_out + 2,)]


def test_jobs_keep_their_numbers_and_new_ones_get_others(filled: Filled, new_url: NewUrl) -> None:
    source, there, back = filled(), new_url("postgres"), new_url("sqlite")
    assert isinstance(source, SqliteWhole)
    with closing(sqlite3.connect(source.path)) as connection:
        connection.execute("UPDATE job_numbers SET id = 20 - id")
        connection.execute("UPDATE sqlite_sequence SET seq = 30 WHERE name = 'job_numbers'")
        connection.commit()
        kept = connection.execute(NUMBERS).fetchall()
    assert [number for number, _ in kept] == [16, 17, 18, 19]
    move(source, whole_at(there))
    with psycopg.connect(there) as target:
        assert target.execute(NUMBERS).fetchall() == kept
        target.execute(NEW_JOB.replace("NEW", "there"))
        assert target.execute(NUMBERS).fetchall() == [*kept, (31, "there")]
    move(whole_at(there), whole_at(back))
    with closing(sqlite3.connect(back.removeprefix("sqlite:///"))) as embedded:
        assert embedded.execute(NUMBERS).fetchall() == [*kept, (31, "there")]
        embedded.execute(NEW_JOB.replace("NEW", "back"))
        assert embedded.execute(NUMBERS).fetchall() == [*kept, (31, "there"), (32, "back")]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_second_run_finds_that_all_is_there(filled: Filled, new_url: NewUrl, kind: str) -> None:
    source, target = filled(), whole_at(new_url(kind))
    assert move(source, target).anew
    again = move(source, target)
    assert not again.anew
    assert sum(each.rows for each in again.tables) > 100


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_target_that_holds_something_else_is_refused_and_replaced_by_force(
    filled: Filled, new_url: NewUrl, kind: str
) -> None:
    target = whole_at(new_url(kind))
    move(filled(1), target)
    before = content(target)
    with pytest.raises(Unmovable, match=r"holds something else already: 4 accounts, 4 bounties.*--force"):
        move(filled(2), target)
    assert content(target) == before
    other = filled(3)
    assert move(other, target, force=True).anew
    assert content(target) == content(other) != before


def test_a_database_of_somebody_else_is_refused(filled: Filled, new_url: NewUrl) -> None:
    url = new_url("postgres", bare=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE users (id int)")
    with pytest.raises(Unmovable, match="tables of others, such as users"):
        move(filled(), whole_at(url))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_source_and_a_target_in_use_are_refused(filled: Filled, new_url: NewUrl, kind: str) -> None:
    url, other = new_url(kind), new_url("sqlite")
    if kind == "sqlite":
        move(filled(2), whole_at(url))
    store = SqliteStore(url) if kind == "sqlite" else PostgresStore(url)
    with store.read() as tx:
        tx.value("migrations_applied")
        with pytest.raises(Unmovable, match="stop"):
            move(whole_at(url), whole_at(other))
        with pytest.raises(Unmovable, match="stop"):
            move(filled(), whole_at(url))
    store.close()
    assert move(whole_at(url), whole_at(other)).anew


def test_what_is_no_database_is_refused_with_a_sentence(tmp_path: Path, new_url: NewUrl) -> None:
    target = whole_at(new_url("sqlite"))
    with pytest.raises(Unmovable, match="There is no database at"):
        move(SqliteWhole(f"sqlite:///{tmp_path / 'nothing.db'}"), target)
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    with pytest.raises(Unmovable, match="not a database"):
        move(SqliteWhole(f"sqlite:///{tmp_path / 'text.db'}"), target)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE other (id)")
    with pytest.raises(Unmovable, match="no database of rota"):
        move(SqliteWhole(f"sqlite:///{tmp_path / 'other.db'}"), target)
    with pytest.raises(Unmovable, match="connection failed"):
        move(whole_at("postgresql://rota@127.0.0.1:1/nothing?connect_timeout=2"), target)


def test_what_postgresql_has_no_room_for_is_named_and_nothing_is_written(filled: Filled, new_url: NewUrl) -> None:
    source, target = filled(), whole_at(new_url("postgres"))
    assert isinstance(source, SqliteWhole)
    with closing(sqlite3.connect(source.path)) as connection:
        connection.execute("UPDATE forms SET title = 'a' || char(0) || 'b' WHERE id = 2")
        connection.commit()
    with pytest.raises(Unmovable, match="table forms"):
        move(source, target)
    assert target.counts() == {}


def test_an_older_schema_is_moved_as_it_is(tmp_path: Path, new_url: NewUrl) -> None:
    path = tmp_path / "old.db"
    older = known("sqlite")[:-1]
    lay(f"sqlite:///{path}", "sqlite", older, lock=nullcontext())
    target = whole_at(new_url("postgres", bare=True))
    move(SqliteWhole(f"sqlite:///{path}"), target)
    with target.snapshot() as snapshot:
        assert snapshot.migrations == tuple(older)


def test_a_target_of_a_newer_schema_is_refused(tmp_path: Path, new_url: NewUrl) -> None:
    path, url = tmp_path / "old.db", new_url("postgres")
    lay(f"sqlite:///{path}", "sqlite", known("sqlite")[:-1], lock=nullcontext())
    with pytest.raises(Unmovable, match="newer"):
        move(SqliteWhole(f"sqlite:///{path}"), whole_at(url))


def test_no_table_is_forgotten_and_both_databases_have_the_same(migrated_sqlite: Path, migrated_postgres: str) -> None:
    with SqliteWhole(f"sqlite:///{migrated_sqlite}").snapshot() as one, whole_at(migrated_postgres).snapshot() as other:
        assert {(table.name, frozenset(table.columns), table.key, table.counted) for table in one.tables} == {
            (table.name, frozenset(table.columns), table.key, table.counted) for table in other.tables
        }
        moved = {table.name for table in one.tables}
    with closing(sqlite3.connect(migrated_sqlite)) as connection:
        every = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    left = every - moved
    assert all(any(fnmatchcase(name, pattern) for pattern in whole.LEFT_OUT) for name in left)
    assert {"accounts", "users", "tokens", "jobs", "chunks", "trash", "totals", "events", "webhooks"} <= moved


def test_a_type_that_nothing_is_known_of_stops_a_move(filled: Filled, new_url: NewUrl) -> None:
    source = filled()
    assert isinstance(source, SqliteWhole)
    with closing(sqlite3.connect(source.path)) as connection:
        connection.execute("CREATE TABLE strange (id INTEGER PRIMARY KEY, at TIMESTAMP)")
    with pytest.raises(Unmovable, match="column at of the table strange is of the type TIMESTAMP"):
        move(source, whole_at(new_url("sqlite")))


def test_only_blobs_that_the_ledger_counts_are_copied_and_a_second_run_copies_the_rest(
    filled: Filled, tmp_path: Path
) -> None:
    source = filled()
    assert isinstance(source, SqliteWhole)
    _count(source.path, {"j1": 3, "j2": 0})
    here, there = LocalBlobs(tmp_path / "here", durable=False), LocalBlobs(tmp_path / "there", durable=False)
    kept = {"jobs/j1/in.csv": b"a,b\n" * 9, "jobs/j2/in.csv": b"", "jobs/j1/segments/000000000000.1.out": b"123"}
    for key, data in {**kept, "jobs/j1/segments/000000000000.0.out": b"stray", "jobs/gone/in.csv": b"x"}.items():
        _put(here, key, data)
    _put(there, "jobs/j1/in.csv", b"b,a\n" * 9)
    for _ in range(2):
        moved = transfer(source, None, places=(here, there), force=False, tell=lambda sentence: None)
        assert (moved.blobs, moved.blob_bytes) == (3, 39)
        assert {key: there.read(key, 0, 99) for key in there.names("jobs/")} == kept
    here.delete(["jobs/j2/in.csv"])
    with pytest.raises(Unmovable, match=r"blob jobs/j2/in.csv is missing"):
        transfer(source, None, places=(here, there), force=False, tell=lambda sentence: None)


def _count(path: Path, jobs: dict[str, int]) -> None:
    """These jobs are all there are, each with a settled chunk of so many bytes, if of any."""
    with closing(sqlite3.connect(path)) as connection:
        for table in ("chunks", "job_numbers"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM jobs WHERE rowid > ?", [len(jobs)])
        for number, (name, size) in enumerate(jobs.items(), start=1):
            connection.execute("UPDATE jobs SET id = ?, rows_name = 'in.csv' WHERE rowid = ?", [name, number])
            connection.execute("INSERT INTO job_numbers (job_id) VALUES (?)", [name])
            connection.execute(
                "INSERT INTO chunks (job_id, first_row, row_count, start_byte, end_byte, state, epoch, success_count,"
                " out_bytes) VALUES (?, 0, 1, 0, 1, ?, 1, 1, ?)",
                [name, "settled" if size else "open", size],
            )
        connection.commit()


def _put(blobs: LocalBlobs, key: str, data: bytes) -> None:
    with blobs.create(key) as upload:
        upload.write(data)
        upload.commit()


KINDS = (Kind.WHOLE, Kind.TEXT, Kind.REAL, Kind.FLAG, Kind.TEXT)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
        st.text(),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.sampled_from([0, 1]),
        st.none() | st.text(),
    )
)


@given(ROWS, st.integers(1, 40))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rows_come_back_however_their_bytes_are_cut(rows: list[tuple[object, ...]], step: int) -> None:
    data = wire.HEAD + wire.encode(KINDS, rows) + wire.TAIL
    decoder, found = wire.Decoder(KINDS), []
    for at in range(0, len(data), step):
        assert not decoder.ended
        found += decoder.feed(data[at : at + step])
    assert decoder.ended
    assert [tuple(row) for row in found] == rows
