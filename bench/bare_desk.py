"""The limit: a Falcon handler on Granian that grabs the next item with the very statements that rota runs, and no rota.

`python -m bench.bare_desk PORT DATABASE_URL`. It checks nothing, and answers with the row as it is.
"""

import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import falcon
import msgspec
from granian import Granian
from granian.constants import Interfaces
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from rota.store.statements import load

THREADS = 64


class Sqlite:
    """A connection for each thread, and one writer at a time."""

    def __init__(self, url: str) -> None:
        self._path, self._local, self._turn = url.removeprefix("sqlite:///"), threading.local(), threading.Lock()
        self._sql = load("sqlite", "sqlite3")

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            self._local.connection.row_factory = sqlite3.Row
            self._local.connection.execute("PRAGMA synchronous = FULL")
        found: sqlite3.Connection = self._local.connection
        return found

    def one(self, name: str, **given: Any) -> Any:
        return self._connection().execute(self._sql[name], given).fetchone()

    @contextmanager
    def write(self) -> Iterator[Any]:
        with self._turn:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            yield lambda name, **given: connection.execute(self._sql[name], given)
            connection.execute("COMMIT")


class Postgres:
    """A pool of connections."""

    def __init__(self, url: str) -> None:
        kwargs = {"row_factory": dict_row, "autocommit": True}
        self._pool: ConnectionPool[Any] = ConnectionPool(url, min_size=4, max_size=THREADS, kwargs=kwargs, open=True)
        self._sql = {name: text.encode() for name, text in load("postgres", "psycopg").items()}

    def one(self, name: str, **given: Any) -> Any:
        with self._pool.connection() as connection:
            return connection.execute(self._sql[name], given).fetchone()

    @contextmanager
    def write(self) -> Iterator[Any]:
        with self._pool.connection() as connection, connection.transaction():
            yield lambda name, **given: connection.execute(self._sql[name], given)


class Grab:
    def __init__(self, store: Sqlite | Postgres) -> None:
        self._store = store

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        now = time.time_ns() // 1000
        token = sha256(req.get_header("X-Auth-Token", required=True).encode()).hexdigest()
        actor = self._store.one("actor_by_token", token_hash=token, now=now)
        account_id, user_id = actor["account_id"], actor["user_id"]
        with self._store.write() as run:
            run("shift_lock", user_id=user_id)
            item = run("item_next", account_id=account_id).fetchone()
            active = run("item_active", user_id=user_id).fetchone()
            if active:
                _move(run, active, "suspended", user_id, now, "suspend")
            _move(run, item, "active", user_id, now, "grab")
        resp.data = msgspec.json.encode(dict(item))


def _move(run: Any, item: Mapping[str, Any], status: str, user_id: int, now: int, verb: str) -> None:
    spent = "queued_us" if verb == "grab" else "worked_us"
    times = {name: item[name] for name in ("queued_us", "worked_us", "suspended_us", "rejected_us", "times_rejected")}
    times[spent] += now - item["since"]
    run(
        "item_move",
        id=item["id"],
        from_status=item["status"],
        from_since=item["since"],
        to_status=status,
        holder_id=user_id,
        grabbed_at=now,
        completed_at=None,
        completion=None,
        modified_at=now,
        since=now,
        **times,
    )
    run(
        "phase_insert",
        item_id=item["id"],
        account_id=item["account_id"],
        owner_id=item["owner_id"],
        user_id=user_id,
        status=item["status"],
        started_at=item["since"],
        ended_at=now,
        verb=verb,
    )
    subject, kind = f"item:{item['id']}", f"item.{verb}bed"
    run("event_insert", at=now, kind=kind, account_id=item["account_id"], subject=subject, user_id=user_id, facts="{}")


def application() -> Any:
    url = sys.argv[2]
    app = falcon.App()
    app.add_route("/workers/tasks", Grab(Sqlite(url) if url.startswith("sqlite") else Postgres(url)))
    return app


if __name__ == "__main__":
    Granian(
        "bench.bare_desk:application",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=THREADS,
        backpressure=4 * THREADS,
        websockets=False,
        log_enabled=False,
    ).serve()
