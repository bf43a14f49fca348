from collections.abc import Iterator
from pathlib import Path

import pytest

from dialects.queue.slack.lab import Lab
from rota.store.port import Store
from rota.store.sqlite import SqliteStore


@pytest.fixture
def lab(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Lab]:
    """On the embedded database."""
    path = tmp_path / "rota.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = SqliteStore(f"sqlite:///{path}", durable=False)
    yield Lab.found(store, tmp_path)
    store.close()


@pytest.fixture
def lab_of_each(store: Store, tmp_path: Path) -> Lab:
    """On each database, in turn."""
    return Lab.found(store, tmp_path)
