"""What lists remember does not outlive a crash of PostgreSQL that has lost what they saw."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from cluster import Cluster
from ground import Ground
from rota.domain.errors import StoreUnavailable
from rota.domain.field.queries import Found, Query
from rota.store.postgres import PostgresStore

ALL = Query(limit=20)
FORGETFUL = ("wal_writer_delay=10s", "wal_writer_flush_after=1GB", "autovacuum=off")
"""Nothing is flushed for ten seconds unless somebody asks for it."""


@pytest.fixture
def forgetful(postgres_server: str) -> Iterator[Cluster]:
    cluster = Cluster(settings=FORGETFUL)
    yield cluster
    cluster.remove()


@pytest.mark.soak
def test_after_a_crash_nothing_is_remembered(forgetful: Cluster) -> None:
    url = f"{forgetful.url}/postgres"
    store = PostgresStore(url, durable=False)
    store.migrate()
    ground = Ground.found(store)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        ground.create("client", name="lost")
    assert ground.find("client", ALL).count == 1
    forgetful.stop()
    forgetful.start()
    # Its numbers of transactions begin again where they were: the state has the same name, and is another.
    assert found(ground).count == 0
    store.close()


def found(ground: Ground) -> Found:
    """By a connection that works: those from before the crash are given up one by one."""
    while True:
        with suppress(StoreUnavailable):
            return ground.find("client", ALL)
