"""Bells: a process that waits for a change is woken when another has committed one, and does not have to look for it.

`NOTIFY` inside a transaction would take a lock of the whole server until that is durable, so that commits queue behind
one another. A process therefore rings after its commits, from a thread and a connection of its own: once for all that
was committed meanwhile, and without a wait for the disk. A ring may be lost, when a process dies right after a commit
or a connection breaks: whoever listens looks by themselves after a while.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg

TOPICS: Mapping[str, str] = {
    "event_insert": "events",
    **dict.fromkeys(("lane_open", "chunk_insert", "chunk_release", "chunk_halve", "chunk_free"), "chunks"),
}
"""What is told of by which statements."""

GATHER_S = 0.005
"""Between two rings: what is committed meanwhile is one ring."""

RETRY_S = 1.0


class Ringer:
    """Rings for all transactions of a process."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self._url, self._options = url, {**options, "options": "-c synchronous_commit=off"}
        self._topics: set[str] = set()
        self._wanted, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self, topics: set[str]) -> None:
        """Soon, and without a wait here."""
        with self._lock:
            self._topics |= topics
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
                self._thread.start()
        self._wanted.set()

    def _run(self) -> None:
        while True:
            try:
                with _connected(self._url, self._options) as connection:
                    self._ring_on(connection)
            except psycopg.Error:
                time.sleep(RETRY_S)

    def _ring_on(self, connection: psycopg.Connection) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            with self._lock:
                topics, self._topics = self._topics, set()
            for topic in topics:
                connection.execute("SELECT pg_notify(%s, '')", (f"rota_{topic}",))
            time.sleep(GATHER_S)


class PostgresBell:
    """Hears of one topic, in one thread."""

    def __init__(self, url: str, options: Mapping[str, Any], topic: str) -> None:
        self._url, self._options, self._topic = url, options, topic
        self._connection: psycopg.Connection | None = None

    def wait(self, poll_s: float, patience_s: float) -> None:
        """Until it rings; `patience_s` at most, and `poll_s` while nothing can be heard."""
        try:
            if self._connection is None:
                # What rang before is not heard any more: the caller looks at once.
                self._connection = self._listening()
            else:
                list(self._connection.notifies(timeout=patience_s, stop_after=1))
        except psycopg.Error:
            self.__exit__()
            time.sleep(poll_s)

    def __enter__(self) -> "PostgresBell":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listening(self) -> psycopg.Connection:
        connection = _connected(self._url, self._options)
        connection.execute(f"LISTEN rota_{self._topic}".encode())
        return connection


def _connected(url: str, options: Mapping[str, Any]) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, **options)
