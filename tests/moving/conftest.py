"""Two databases to move between, each as a whole."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from moving.filling import fill
from rota.store import migrations, whole_sqlite
from rota.store.postgres import PostgresStore
from rota.store.whole import Snapshot, Whole
from rota.store.whole_postgres import PostgresWhole
from rota.store.whole_sqlite import SqliteWhole

Make = Callable[[str], Whole]


@pytest.fixture
def filled(tmp_path: Path, migrated_sqlite: Path) -> Callable[[int], Whole]:
    """SQLite with rows in every table."""

    def make(seed: int = 1, rows: int = 4) -> Whole:
        path = tmp_path / f"filled-{seed}" / "rota.db"
        path.parent.mkdir()
        shutil.copy(migrated_sqlite, path)
        fill(path, random.Random(seed), rows)
        return SqliteWhole(f"sqlite:///{path}")

    return make


@pytest.fixture(autouse=True)
def laid_before(migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New files of the present schema are copies of one: to apply the migrations would take most of a short test."""
    laying = whole_sqlite._lay

    def lay(path: Path, ids: Sequence[str]) -> None:
        if set(ids) == set(migrations.known("sqlite")):
            shutil.copy(migrated_sqlite, path)
        else:
            laying(path, ids)

    monkeypatch.setattr(whole_sqlite, "_lay", lay)


@pytest.fixture(scope="session")
def template(postgres_server: str) -> str:
    """The name of a migrated database that nobody is connected to."""
    _run(postgres_server, "CREATE DATABASE moving_template")
    store = PostgresStore(f"{postgres_server}/moving_template")
    store.migrate()
    store.close()
    return "moving_template"


@pytest.fixture
def new_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """The URL of a database of a kind that is not there yet or, on PostgreSQL, has no rows and, where `bare`, nothing
    at all."""
    made: list[str] = []

    def make(kind: str, bare: bool = False) -> str:
        name = f"moving_{uuid4().hex}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / name / 'rota.db'}"
        server: str = request.getfixturevalue("postgres_server")
        made.append(name)
        template = "template1" if bare else request.getfixturevalue("template")
        _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"{server}/{name}"

    yield make
    for name in made:
        _run(request.getfixturevalue("postgres_server"), f"DROP DATABASE {name} WITH (FORCE)")


def whole_at(url: str) -> Whole:
    return SqliteWhole(url) if url.startswith("sqlite") else PostgresWhole(url)


def content(whole: Whole) -> dict[str, tuple[bytes, int]]:
    """Everything: the bytes of each table's rows, and where its sequence stands."""
    with whole.snapshot() as snapshot:
        return {table.name: _of(snapshot, table.name) for table in snapshot.tables}


def _of(snapshot: Snapshot, name: str) -> tuple[bytes, int]:
    (table,) = [each for each in snapshot.tables if each.name == name]
    data = bytearray()
    snapshot.dump(table, data.extend)
    return bytes(data), snapshot.highest(table) if table.counted else 0


def _run(server: str, sql: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.encode())
