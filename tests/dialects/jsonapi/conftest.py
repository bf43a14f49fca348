import pytest

from dialects.jsonapi.outpost import Outpost
from rota.store.blobs import LocalBlobs
from rota.store.port import Store


@pytest.fixture
def outpost(store: Store, blobs: LocalBlobs) -> Outpost:
    return Outpost(store, blobs)
