"""Two databases to move between, each as a whole."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from moving.filling import fill
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


@pytest.fixture
def new_url(tmp_path: Path, postgres_server: str) -> Iterator[Callable[[str], str]]:
    """The URL of a database of a kind that is not there yet, or is empty."""
    made: list[str] = []

    def make(kind: str) -> str:
        name = f"moving{len(made)}_{tmp_path.name}".lower().replace("-", "_")
        made.append(name)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / name / 'rota.db'}"
        _run(postgres_server, f'CREATE DATABASE "{name}"')
        return f"{postgres_server}/{name}"

    yield make
    for name in made:
        _run(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


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
