import pytest

from dialects.queue.counter import Counter
from rota.store.blobs import LocalBlobs
from rota.store.port import Store


@pytest.fixture
def counter(store: Store, blobs: LocalBlobs) -> Counter:
    return Counter(store, blobs)
