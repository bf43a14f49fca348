"""Bells: whoever waits for news hears of a commit at once, and of none that did not happen."""

import threading
import time
from collections.abc import Callable

import pytest

from rota.domain.events import Event, Kind
from rota.operations.events import record
from rota.store.port import Store

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

PATIENCE_S = 30.0
"""So long that a test which is right never waits for it."""


def news(store: Store) -> None:
    with store.write() as tx:
        record(tx, Event(1, Kind.USER_CHANGED, "a" * 32, "user:1"))


def heard(store: Store, act: Callable[[], None]) -> float:
    """How long a listener waited for what happens once it listens."""
    with store.bell("events") as bell:
        bell.wait(0.0, 0.0)
        began = time.monotonic()
        waiting = threading.Thread(target=bell.wait, args=(0.05, PATIENCE_S))
        waiting.start()
        act()
        waiting.join()
        return time.monotonic() - began


def test_a_commit_is_heard_of(store: Store) -> None:
    assert heard(store, lambda: news(store)) < PATIENCE_S / 2


def test_a_commit_of_another_process_is_heard_of(open_store: Callable[[], Store]) -> None:
    one, other = open_store(), open_store()
    one.migrate()
    assert heard(one, lambda: news(other)) < PATIENCE_S / 2


def test_what_is_rolled_back_rings_no_bell(store: Store) -> None:
    with store.bell("events") as bell:
        bell.wait(0.0, 0.0)
        with pytest.raises(ZeroDivisionError), store.write() as tx:
            record(tx, Event(1, Kind.USER_CHANGED, "a" * 32, "user:1"))
            raise ZeroDivisionError
        began = time.monotonic()
        bell.wait(0.0, 0.2)
    assert time.monotonic() - began >= 0.2


def test_a_broken_connection_is_made_anew(store: Store) -> None:
    with store.bell("events") as bell:
        bell.wait(0.0, 0.0)
        _cut_listeners(store)
        bell.wait(0.0, PATIENCE_S)
        bell.wait(0.0, 0.0)
        began = time.monotonic()
        waiting = threading.Thread(target=bell.wait, args=(0.0, PATIENCE_S))
        waiting.start()
        news(store)
        waiting.join()
        assert time.monotonic() - began < PATIENCE_S / 2


def _cut_listeners(store: Store) -> None:
    with store.read() as tx:
        tx._connection.execute(  # type: ignore[attr-defined]
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
