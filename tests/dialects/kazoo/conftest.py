from collections.abc import Iterator
from pathlib import Path

import pytest

from dialects.kazoo.lab import Lab, people
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    statements: list[str] = []
    store = SqliteStore(f"sqlite:///{tmp_path / 'rota.db'}", durable=False, observe=statements.append)
    store.migrate()
    people(store)
    yield Lab(store, LocalBlobs(tmp_path / "blobs", durable=False), statements)
    store.close()
