import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialects.jsonapi.outpost import Outpost
from rota.store.blobs import LocalBlobs
from rota.store.port import Store
from rota.store.sqlite import SqliteStore


@pytest.fixture
def outpost(store: Store, blobs: LocalBlobs) -> Outpost:
    return Outpost(store, blobs)


@pytest.fixture
def door(migrated_sqlite: Path, tmp_path: Path, blobs: LocalBlobs) -> Iterator[Outpost]:
    """An outpost for what no database has a say in."""
    shutil.copy(migrated_sqlite, tmp_path / "door.db")
    store = SqliteStore(f"sqlite:///{tmp_path / 'door.db'}")
    yield Outpost(store, blobs)
    store.close()
