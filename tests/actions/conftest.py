"""The store that the actions are tried on, and the tree of accounts in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.world import World
from ground import TERMS
from rota.store.port import Store
from rota.store.sqlite import SqliteStore


@pytest.fixture
def statements() -> list[str]:
    return []


@pytest.fixture
def store(migrated_sqlite: Path, tmp_path: Path, statements: list[str]) -> Iterator[Store]:
    shutil.copy(migrated_sqlite, tmp_path / "rota.db")
    opened = SqliteStore(f"sqlite:///{tmp_path / 'rota.db'}", durable=False, observe=statements.append)
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store, statements: list[str]) -> World:
    return World(store, statements, {"terms": TERMS})
