"""The schema: applied once, in order, from several processes at once; by newer versions while older ones go on."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rota.clock import now
from rota.operations import nodes
from rota.operations.nodes import ALIVE_S, SECOND, Node
from rota.store import migrations
from rota.store.port import Store, UnfitSchema
from rota.store.sqlite import SqliteStore
from support import wait_until

NEWEST = sorted(path.stem for path in Path(migrations.__path__[0]).glob("sqlite/*.sql"))[-1]
NEXT = {
    "9999_next": f"-- depends: {NEWEST}\nALTER TABLE clients ADD COLUMN code TEXT;",
    "9999_next.after": "-- depends: 9999_next\nDROP TABLE slack_requests;",
}
OTHER = Node("n1", "rota@old", "server", "0.1.0", NEWEST, 0)


@pytest.fixture
def embedded(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Store]:
    """Migrated, for what does not depend on the database."""
    store = SqliteStore(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'rota.db')}")
    yield store
    store.close()


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts migrations into the place of this version's, as if another version were installed."""
    original, folder = Path(migrations.__path__[0]), tmp_path / "migrations"

    def install(**more: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(original, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for dialect in ("sqlite", "postgres"):
            for name, text in more.items():
                (folder / dialect / f"{name}.sql").write_text(text)
        monkeypatch.setattr(migrations, "_HERE", folder)

    return install


def test_a_second_migration_applies_nothing(store: Store) -> None:
    assert store.migrate() == []


def test_migrating_at_once_applies_each_migration_once(open_store: Callable[[], Store]) -> None:
    stores = [open_store() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        applied = sorted(name for names in pool.map(lambda each: each.migrate(), stores) for name in names)
    assert applied == [path.stem for path in sorted(Path(migrations.__path__[0]).glob("sqlite/*.sql"))]
    stores[0].check()


def test_a_start_adds_and_what_takes_away_waits_until_nobody_needs_it(
    open_store: Callable[[], Store], release: Callable[..., None]
) -> None:
    store = open_store()
    store.migrate()
    release(**NEXT)
    with pytest.raises(UnfitSchema, match="lacks 9999_next: `rota migrate`"):
        store.check()
    assert store.migrate() == ["9999_next"]
    release()
    assert (store.check(), store.migrate()) == ([], []), "an older version goes on, and can be started"
    release(**NEXT)
    assert store.check() == ["9999_next.after"]
    nodes.enter(store, OTHER, now=now())
    with pytest.raises(UnfitSchema, match=r"rota@old \(server, version 0.1.0\)"):
        store.migrate(lambda: nodes.refuse_if_older(store, now=now()))
    assert store.check() == ["9999_next.after"]
    late = now() + round(ALIVE_S * SECOND) + SECOND
    assert store.migrate(lambda: nodes.refuse_if_older(store, now=late)) == ["9999_next.after"]
    assert (store.check(), store.migrate()) == ([], [])


def test_an_older_version_refuses_a_schema_that_lacks_what_it_needs(
    tmp_path: Path, release: Callable[..., None]
) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path / 'new.db'}")
    release(**NEXT)
    assert store.migrate()[-2:] == ["9999_next", "9999_next.after"], "a new database has nobody to wait for"
    release()
    for look in (store.check, store.migrate):
        with pytest.raises(UnfitSchema, match=r"of a newer rota: 9999_next.after has been applied"):
            look()
    store.close()


def test_an_addition_that_needs_a_removal_names_it(embedded: Store, release: Callable[..., None]) -> None:
    release(**NEXT, **{"99991_later": "-- depends: 9999_next.after\nCREATE TABLE slack_requests (id TEXT);"})
    with pytest.raises(UnfitSchema, match=r"99991_later needs 9999_next.after: let the version before apply it"):
        embedded.migrate()


def test_a_migration_that_fails_leaves_nothing_and_can_be_applied_again(
    open_store: Callable[[], Store], release: Callable[..., None]
) -> None:
    store = open_store()
    store.migrate()
    release(**{"9999_next": "CREATE TABLE halves (id TEXT);\nCREATE TABLE halves (id TEXT);"})
    with pytest.raises(Exception, match="already exists"):
        store.migrate()
    release(**{"9999_next": "CREATE TABLE halves (id TEXT);"})
    assert store.migrate() == ["9999_next"]


def test_whoever_starts_is_seen_or_sees(open_store: Callable[[], Store], release: Callable[..., None]) -> None:
    """While one looks for older nodes and takes away what they need, no older one can begin unseen."""
    store, older = open_store(), open_store()
    store.migrate()
    release(**NEXT)
    store.migrate()
    looked, go_on = threading.Event(), threading.Event()

    def gate() -> None:
        nodes.refuse_if_older(store, now=now())
        looked.set()
        assert go_on.wait(60)

    entered = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(store.migrate, gate)
        assert looked.wait(60)
        starting = pool.submit(older.migrate, None, entered.set)
        assert not entered.wait(0.2)
        go_on.set()
        assert taking.result() == ["9999_next.after"]
        assert starting.result() == []
    assert entered.is_set()


def test_a_migration_stands_aside_for_those_at_work(postgres_url: str, release: Callable[..., None]) -> None:
    """A long transaction must not make everybody wait who comes after the migration that waits for it."""
    import psycopg

    from rota.store.postgres import PostgresStore

    store = PostgresStore(postgres_url)
    store.migrate()
    release(**NEXT)
    with psycopg.connect(postgres_url) as long, ThreadPoolExecutor(1) as pool:
        long.execute("SELECT * FROM clients")
        migrating = pool.submit(store.migrate)
        with psycopg.connect(postgres_url, autocommit=True) as other:

            def waits() -> bool:
                found = other.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'").fetchone()
                return found is not None

            wait_until(waits, "the migration")
            other.execute("SET lock_timeout = '10s'")
            assert other.execute("SELECT count(*) FROM clients").fetchone() == (0,)
        assert not migrating.done()
        long.commit()
        assert migrating.result() == ["9999_next"]
    store.close()


def test_an_engine_is_chosen_in_a_database_from_which_something_was_taken_away(
    postgres_url: str, release: Callable[..., None]
) -> None:
    """Procrastinate's migrations have their marks in the same table as rota's."""
    from rota.store import tickets
    from rota.store.postgres import PostgresStore

    release(**NEXT)
    store = PostgresStore(postgres_url, tickets=True)
    assert store.migrate()[-1] == "9999_next.after"
    tickets.begin(store)
    assert tickets.begin(store) == []
    release()
    with pytest.raises(UnfitSchema, match="of a newer rota"):
        tickets.begin(store)
    store.close()
