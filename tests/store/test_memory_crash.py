"""What lists remember does not outlive a crash of PostgreSQL that has lost what they saw."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from conftest import _as_postgres, _postgres_binary
from ground import Ground
from rota.domain.errors import StoreUnavailable
from rota.domain.field.queries import Found, Query
from rota.store.postgres import PostgresStore
from support import wait_until

ALL = Query(limit=20)


@pytest.fixture
def forgetful(postgres_server: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """A PostgreSQL that flushes nothing for ten seconds unless it is asked to, and what crashes and restarts it."""
    folder = Path(mkdtemp(prefix="rota-pg-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    initdb, postgres = _postgres_binary("initdb"), _postgres_binary("postgres")
    assert initdb and postgres
    made = _as_postgres(initdb, "-D", str(folder / "data"), "-U", "rota", "-A", "trust", "-E", "UTF8", "--no-sync")
    subprocess.run(made, check=True, capture_output=True, cwd="/")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"postgresql://rota@127.0.0.1:{port}/postgres"
    settings = [
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        "wal_writer_delay=10s",
        "autovacuum=off",
    ]
    settings += ["wal_writer_flush_after=1GB"]
    options = [word for setting in settings for word in ("-c", setting)]
    command = [*_as_postgres(postgres, "-D", str(folder / "data"), "-p", str(port)), *options]
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        wait_until(answers, "PostgreSQL")

    def answers() -> bool:
        # What is left of one that crashed keeps the next from starting, for a moment.
        if not running or running[-1].poll() is not None:
            running.append(subprocess.Popen(command, cwd="/", start_new_session=True, stderr=subprocess.DEVNULL))
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True

    def crash() -> None:
        os.killpg(running[-1].pid, signal.SIGKILL)
        running[-1].wait(60)
        start()

    start()
    yield url, crash
    os.killpg(running[-1].pid, signal.SIGTERM)
    running[-1].wait(60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.soak
def test_after_a_crash_nothing_is_remembered(forgetful: tuple[str, Callable[[], None]]) -> None:
    url, crash = forgetful
    store = PostgresStore(url, durable=False)
    store.migrate()
    ground = Ground.found(store)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        ground.create("client", name="lost")
    assert ground.find("client", ALL).count == 1
    crash()
    # Its numbers of transactions begin again where they were: the state has the same name, and is another.
    assert found(ground).count == 0
    store.close()


def found(ground: Ground) -> Found:
    """By a connection that works: those from before the crash are given up one by one."""
    while True:
        with suppress(StoreUnavailable):
            return ground.find("client", ALL)
