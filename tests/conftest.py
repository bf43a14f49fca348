"""What all tests share: an empty store of either database, blobs, and a PostgreSQL that the tests start themselves."""

import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from buckets import Bucket
from cluster import SKIPPED, Cluster, binary
from rota.store.blobs import LocalBlobs
from rota.store.port import Store
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore

_S3 = Path(sys.prefix) / "s3/bin/moto_server"
_NO_S3 = "SKIPPED: tests of object storage did NOT run: no S3 server found (make setup installs moto's)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if binary("postgres") is None:
        terminalreporter.write_line(SKIPPED, red=True, bold=True)
    if not _S3.exists():
        terminalreporter.write_line(_NO_S3, red=True, bold=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of an empty PostgreSQL on a free port of loopback; it is gone with the session."""
    if binary("postgres") is None:
        pytest.skip(SKIPPED)
    cluster = Cluster()
    yield cluster.url
    cluster.remove()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    with database_of(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def lasting_postgres_url(postgres_server: str) -> Iterator[str]:
    """One for all tests of a module."""
    with database_of(postgres_server) as url:
        yield url


@contextmanager
def database_of(postgres_server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database of one's own, a copy of another one."""
    import psycopg

    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield f"{postgres_server}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def ticketed_template(postgres_server: str) -> str:
    """The name of a migrated database with Procrastinate's tables, to copy."""
    import psycopg

    from rota.store import tickets

    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE ticketed")
    store = PostgresStore(f"{postgres_server}/ticketed", tickets=True)
    store.migrate()
    tickets.begin(store)
    store.close()
    return "ticketed"


@pytest.fixture
def ticketed_url(postgres_server: str, ticketed_template: str) -> Iterator[str]:
    """The URL of a database of its own that Procrastinate's engine has been chosen for."""
    with database_of(postgres_server, ticketed_template) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: migrating anew would take most of the time of a short test."""
    path = tmp_path_factory.mktemp("migrated") / "rota.db"
    _migrate(SqliteStore(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """A migrated database that tests share, one after the other."""
    import psycopg

    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    _migrate(PostgresStore(f"{postgres_server}/migrated"))
    return f"{postgres_server}/migrated"


def _migrate(store: Store) -> None:
    with warnings.catch_warnings():
        # sqlite3's own adapters, which yoyo uses for its dates, are deprecated from Python 3.12 on.
        warnings.simplefilter("ignore", DeprecationWarning)
        store.migrate()
    store.close()


@pytest.fixture(scope="session")
def janitor(migrated_postgres: str) -> Iterator[Any]:
    """A connection that empties the shared database: to begin one anew takes half of that time."""
    import psycopg

    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        # So that tables need no order: foreign keys are not looked at.
        connection.execute("SET session_replication_role = replica")
        yield connection


def _empty(connection: Any) -> None:
    """By deletion: a truncation makes the files of all tables anew, and takes 86 ms of a test instead of 48."""
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'"
    ).fetchall()
    connection.execute("; ".join(f"DELETE FROM {name}" for (name,) in tables))
    connection.execute("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relname NOT LIKE '%yoyo%'")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind, in turn; a migrated one for tests that ask for `store`."""
    migrated = "store" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "rota.db"
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("migrated_postgres" if migrated else "postgres_url")
    if migrated:
        _empty(request.getfixturevalue("janitor"))
    return url


@pytest.fixture
def statements() -> list[str]:
    """The names of the statements that `store` has run; tests clear it and count."""
    return []


@pytest.fixture
def open_store(database_url: str, statements: list[str]) -> Iterator[Callable[[], Store]]:
    """Opens the database of this test, once more for every call, as another process would."""
    opened: list[Store] = []

    def open_it() -> Store:
        kind = SqliteStore if database_url.startswith("sqlite") else PostgresStore
        opened.append(kind(database_url, durable=False, observe=statements.append))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """A migrated, otherwise empty store of each kind."""
    return open_store()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of an S3 server that is empty and takes any credentials; it is gone with the session."""
    if not _S3.exists():
        pytest.skip(_NO_S3)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(_S3), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _is_open(port):
            assert process.poll() is None, "the S3 server did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket of this test's own, and an environment by which it is found."""
    found = Bucket(s3_server, f"b{uuid4().hex}")
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    found.make()
    return found


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs", durable=False)
