import pytest

from dialects.kazoo.lab import Lab, people
from rota.store.blobs import LocalBlobs
from rota.store.port import Store


@pytest.fixture
def lab(store: Store, blobs: LocalBlobs, statements: list[str]) -> Lab:
    people(store)
    statements.clear()
    return Lab(store, blobs, statements)
