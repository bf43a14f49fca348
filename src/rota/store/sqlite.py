"""The embedded database: SQLite in WAL mode, one writer at a time, readers never waiting."""

import fcntl
import itertools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.field.queries import Found, Query
from rota.store import filters, finding, holds, lists, migrations
from rota.store.lookups import COLLECTIONS
from rota.store.memory import MOST, Changes, Memory, Recall, changes
from rota.store.port import Columns, Observer, Row, Taken
from rota.store.statements import by_column, filled, load
from rota.store.turnstile import Turnstile


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((column[0] for column in cursor.description), row, strict=True))


def _read(cursor: sqlite3.Cursor) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The names and all rows. SQLite makes a cursor's description anew whenever it is asked for, which takes as long as
    the row itself."""
    cursor.row_factory = None
    return [column[0] for column in cursor.description or ()], cursor.fetchall()


def _all(cursor: sqlite3.Cursor) -> list[Row]:
    names, rows = _read(cursor)
    return [dict(zip(names, row, strict=True)) for row in rows]


class _Connection(sqlite3.Connection):
    """`serial` is its own for good; `written` counts the transactions that it began in order to write."""

    serial = 0
    written = 0


class SqliteTx:
    """One that reads, and may remember, has a `memory`."""

    def __init__(
        self,
        connection: _Connection,
        sql: Mapping[str, str],
        observe: Observer | None,
        memory: Memory | None = None,
    ) -> None:
        self._connection, self._sql, self._observe, self._memory = connection, sql, observe, memory

    def _execute(self, statement: str, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        self._before(statement)
        try:
            return self._connection.execute(sql, params)
        except sqlite3.DatabaseError as error:
            _raise_translated(error)
            raise

    def _before(self, statement: str) -> None:
        # A full disk may have rolled everything back: what came now would be committed by itself, one by one.
        if not self._connection.in_transaction:
            raise StoreUnavailable
        if self._observe:
            self._observe(statement)

    def one(self, statement: str, /, **params: Any) -> Row | None:
        rows = self.all(statement, **params)
        return rows[0] if rows else None

    def all(self, statement: str, /, **params: Any) -> list[Row]:
        return _all(self._execute(statement, self._sql[statement], params))

    def columns(self, statement: str, /, **params: Any) -> Columns:
        return by_column(*_read(self._execute(statement, self._sql[statement], params)))

    def value(self, statement: str, /, **params: Any) -> Any:
        row = self.one(statement, **params)
        return next(iter(row.values())) if row else None

    def run(self, statement: str, /, **params: Any) -> int:
        return self._execute(statement, self._sql[statement], params).rowcount

    def batch(self, statement: str, rows: Iterable[Mapping[str, Any]], /) -> None:
        self._before(statement)
        self._connection.executemany(self._sql[statement], rows)

    def together(self, *batches: tuple[str, Sequence[Mapping[str, Any]]]) -> list[int]:
        return [sum(self.run(statement, **row) for row in rows) for statement, rows in batches]

    def page(self, statement: str, tests: Mapping[str, Any], /, **params: Any) -> list[Row]:
        sql = filters.fill(statement, self._sql[statement], tests)
        return _all(self._execute(statement, sql, {**params, **tests}))

    def find(self, collection: str, query: Query, /, **params: Any) -> Found:
        # No process outlives a crash of the database.
        since = self._since if COLLECTIONS[collection].told else self._since_any
        recall = Recall(self._memory, since, opened_at=0.0) if self._memory else None
        return lists.find(recall, self._fill, collection, query, params)

    def _since(self, state: Any, counted: bool) -> Changes:
        return changes(self.all("task_changes_since", since=state, counted=counted, limit=MOST + 1))

    def _since_any(self, state: Any, counted: bool) -> Changes:
        """SQLite tells a connection of others' commits; its own are counted. What one connection is told says nothing
        to another."""
        told: int = self._connection.execute("PRAGMA data_version").fetchone()["data_version"]
        now = self._connection.serial, self._connection.written, told
        return Changes(now, frozenset() if now == state else None)

    def select(self, statement: str, collection: str, query: Query, /, **params: Any) -> list[Row]:
        return finding.select(self._fill, statement, collection, query, params)

    def _fill(self, statement: str, slots: Mapping[str, str], values: Mapping[str, Any]) -> list[Row]:
        return _all(self._execute(statement, filled(self._sql[statement], slots), values))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT inner")
        try:
            yield
        except BaseException as error:
            # After an I/O error SQLite may have rolled back by itself, the savepoint with the rest.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO inner")
                self._connection.execute("RELEASE inner")
            if getattr(error, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_UNIQUE":
                raise Taken from error
            raise
        self._connection.execute("RELEASE inner")


class _Group:
    """Writers whose changes become durable by one commit: a grab takes 0.5 ms and its commit as long again, so that
    fifty at once would wait for fifty commits."""

    MOST = 16

    def __init__(self, connection: _Connection) -> None:
        self.connection, self.size = connection, 0
        self.over = threading.Event()
        self.failure: type[Exception] | None = None

    def wait(self) -> None:
        """Until the changes are durable. Raises what kept them from it."""
        self.over.wait()
        if self.failure:
            raise self.failure


class SqliteStore:
    """`url` is `sqlite:///PATH`. `busy_s` is how long a writer waits for another process's lock."""

    def __init__(
        self, url: str, *, durable: bool = True, busy_s: float = 30.0, observe: Observer | None = None
    ) -> None:
        self.url = url
        self.path = Path(url.removeprefix("sqlite:///"))
        self._durable, self._busy_s, self._observe = durable, busy_s, observe
        self._sql = load("sqlite", "sqlite3")
        self._idle: LifoQueue[_Connection] = LifoQueue()
        # Threads of one process queue here and not in SQLite's busy handler, which sleeps up to 100 ms between tries;
        # then the process queues with others.
        self._turn = threading.Lock()
        self._turnstile = Turnstile(self.path)
        self._group: _Group | None = None
        self._waiting, self._count = 0, threading.Lock()
        self._memory, self._serials = Memory(), itertools.count()

    def _connect(self) -> _Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=self._busy_s, factory=_Connection
        )
        connection.serial = next(self._serials)
        connection.row_factory = _as_dict
        try:
            _switch_to_wal(connection, time.monotonic() + self._busy_s)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
        except sqlite3.DatabaseError as error:
            connection.close()
            _raise_translated(error)
            raise
        return connection

    def _taken(self) -> _Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect()

    @contextmanager
    def _borrowed(self) -> Iterator[_Connection]:
        connection = self._taken()
        try:
            yield connection
        except (sqlite3.DatabaseError, StorageFull, StoreUnavailable) as error:
            connection.close()
            _raise_translated(error)
            raise
        except BaseException:
            self._idle.put(connection)
            raise
        else:
            self._idle.put(connection)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteTx]:
        with self._borrowed() as connection:
            connection.execute(begin)
            writes = begin != "BEGIN"
            connection.written += writes
            try:
                yield SqliteTx(connection, self._sql, self._observe, None if writes else self._memory)
                connection.execute("COMMIT")
            except BaseException:
                # After an I/O error SQLite may have rolled back by itself.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[SqliteTx]:
        with self._transaction("BEGIN") as tx:
            yield tx

    @contextmanager
    def look(self) -> Iterator[SqliteTx]:
        with self.read() as tx:
            yield tx

    @contextmanager
    def write(self, *, shared: bool = False) -> Iterator[SqliteTx]:
        if not shared:
            with self._turn:
                self._end_group()
                with self._sole(), self._transaction("BEGIN IMMEDIATE") as tx:
                    yield tx
            return
        with self._turn_of_many():
            group = self._group = self._group or self._begin_group()
            try:
                with self._membership(group) as tx:
                    yield tx
            finally:
                if not self._waiting or group.size >= group.MOST or not group.connection.in_transaction:
                    self._end_group()
        group.wait()

    @contextmanager
    def _sole(self) -> Iterator[None]:
        self._turnstile.enter()
        try:
            yield
        finally:
            self._turnstile.leave()

    @contextmanager
    def _turn_of_many(self) -> Iterator[None]:
        with self._count:
            self._waiting += 1
        with self._turn:
            with self._count:
                self._waiting -= 1
            yield

    def _begin_group(self) -> _Group:
        connection = self._taken()
        self._turnstile.enter()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            self._turnstile.leave()
            connection.close()
            _raise_translated(error)
            raise
        connection.written += 1
        return _Group(connection)

    @contextmanager
    def _membership(self, group: _Group) -> Iterator[SqliteTx]:
        """What one writer does: on an exception it is undone, and the others' stays."""
        connection = group.connection
        connection.execute("SAVEPOINT member")
        group.size += 1
        try:
            yield SqliteTx(connection, self._sql, self._observe)
        except BaseException:
            # After an I/O error SQLite may have rolled back by itself, the others' changes with the rest.
            if connection.in_transaction:
                connection.execute("ROLLBACK TO member")
            raise
        finally:
            if connection.in_transaction:
                connection.execute("RELEASE member")

    def _end_group(self) -> None:
        """Commit what is open, and tell those who wait for it."""
        group, self._group = self._group, None
        if group is None:
            return
        try:
            if not group.connection.in_transaction:
                raise StoreUnavailable
            group.connection.execute("COMMIT")
            self._idle.put(group.connection)
        except (sqlite3.DatabaseError, StoreUnavailable) as error:
            group.failure = _translated(error)
            group.connection.close()
        finally:
            self._turnstile.leave()
            group.over.set()

    def bell(self, topic: str) -> None:
        return None

    def backup_lives(self) -> bool:
        return holds.is_held(self.path)

    def migrate(self, gate: Callable[[], None] | None = None, then: Callable[[], None] | None = None) -> list[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return migrations.apply(self.url, "sqlite", lock=self._migrating(), gate=gate, then=then)

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        # SQLite refuses a second migrator at once, "schema is locked" among others, where it should let it wait.
        with self.path.with_name(f"{self.path.name}.migrating").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def knows(self) -> str:
        return migrations.known("sqlite")[-1]

    def check(self) -> list[str]:
        with self.read() as tx:
            return migrations.judge((row["migration_id"] for row in tx.all("migrations_applied")), "sqlite")

    def close(self) -> None:
        self._turnstile.close()
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return


def _switch_to_wal(connection: sqlite3.Connection, until: float) -> None:
    """A new database is switched once; of connections that do so at the same time SQLite lets some fail unwaited."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _raise_translated(error: Exception) -> None:
    kind = _translated(error)
    if kind is not type(error):
        raise kind from error


def _translated(error: Exception) -> type[Exception]:
    """The refusal that the database's own trouble is, or what it was."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}:
        return StorageFull
    if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR}:
        return StoreUnavailable
    return type(error)
