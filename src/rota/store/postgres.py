"""The database for more than one machine: PostgreSQL through psycopg 3 and its pool."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.field.queries import Found, Query
from rota.store import filters, finding, lists, migrations
from rota.store.bells import TOPICS, PostgresBell, Ringer
from rota.store.lookups import COLLECTIONS
from rota.store.memory import MOST, Changes, Memory, Recall, changes
from rota.store.port import Columns, Observer, Row, Taken
from rota.store.statements import by_column, filled, load, load_whole

Connection = psycopg.Connection[dict[str, Any]]

IDLE_S = 1.0
"""A connection that was used so lately is taken for alive."""

STANDSTILL_S = 300
"""So long may a transaction do nothing, such as one whose rows a client takes no more of."""

LINK: Mapping[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "rota",
}
"""A server that is cut off is given up after ten seconds; the operating system would wait a quarter of an hour. By its
name a session is known to be of those who serve: store/whole_postgres.py asks for them."""


GIVE_WAY_S = 1.0
"""How long a migration waits for a lock, and then stands aside."""

COPIED = 50
"""So many rows of a plain insert go by COPY, which takes half the time."""

_PLAIN_INSERT = re.compile(r"INSERT INTO (\w+) \(([\w\s,]+)\)\s+VALUES \(([%()\w\s,]+)\);?")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def _copy(cursor: psycopg.Cursor[Any], insert: re.Match[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """What the insert would do with each of the rows."""
    table, columns, values = insert.groups()
    names = _PLACEHOLDER.findall(values)
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def _placed(sql: str) -> str:
    """With psycopg's placeholders: what is filled in is written with those of the statement files."""
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql)


def _all(cursor: psycopg.Cursor[dict[str, Any]]) -> list[Row]:
    """In one go: iterating, a cursor looks at its own state before each row, which takes twice as long."""
    return [*cursor.fetchall()]


def _names(cursor: psycopg.Cursor[Any]) -> list[str]:
    """Of the columns. A cursor's description tells much more, and takes 3 µs a column for it."""
    result = cursor.pgresult
    return [(result.fname(number) or b"").decode() for number in range(result.nfields)] if result else []


def _options(durable: bool, busy_s: float, statement_s: float) -> str:
    """Statements here take milliseconds, and compiling one that looks expensive took two seconds."""
    chosen = {
        "jit": "off",
        "lock_timeout": round(busy_s * 1000),
        "statement_timeout": round(statement_s * 1000),
        "idle_in_transaction_session_timeout": STANDSTILL_S * 1000,
        # A machine that is cut off must not keep others from the rows that it has locked.
        "tcp_keepalives_idle": LINK["keepalives_idle"],
        "tcp_keepalives_interval": LINK["keepalives_interval"],
        "tcp_keepalives_count": LINK["keepalives_count"],
        "tcp_user_timeout": LINK["tcp_user_timeout"],
        **({} if durable else {"synchronous_commit": "off"}),
    }
    return " ".join(f"-c {name}={value}" for name, value in chosen.items())


@contextmanager
def _translating() -> Iterator[None]:
    """Trouble of the database's own, deadlocks and broken connections among it, is no fault of what was asked."""
    try:
        yield
    except (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory) as error:
        raise StorageFull from error
    except psycopg.errors.DeadlockDetected as error:
        raise StoreUnavailable(circle=True) from error
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailable from error


def _give_way(act: Callable[[], None]) -> None:
    """Run a migration, for as long as it takes until it has its locks.

    One that waits behind a long transaction holds up all who come after it, the servers that are at work first of all.
    So it waits GIVE_WAY_S, lets them pass, and comes again.
    """
    while True:
        try:
            return act()
        except psycopg.errors.LockNotAvailable:
            time.sleep(GIVE_WAY_S)


class PostgresTx:
    """One that sees one state, and may remember, has a `memory`."""

    def __init__(
        self,
        connection: Connection,
        sql: Mapping[str, str],
        observe: Observer | None,
        memory: Memory | None = None,
        opened_at: float = 0.0,
    ) -> None:
        self._connection, self._sql, self._observe = connection, sql, observe
        self._memory, self._opened_at = memory, opened_at
        self.topics: set[str] = set()
        """Of which bells are to ring once it is committed."""

    def _note(self, statement: str) -> None:
        if self._observe:
            self._observe(statement)
        if statement in TOPICS:
            self.topics.add(TOPICS[statement])

    def _execute(self, statement: str, sql: str, params: Mapping[str, Any]) -> psycopg.Cursor[dict[str, Any]]:
        self._note(statement)
        with _translating():
            return self._connection.execute(sql.encode(), params)

    def one(self, statement: str, /, **params: Any) -> Row | None:
        return self._execute(statement, self._sql[statement], params).fetchone()

    def all(self, statement: str, /, **params: Any) -> list[Row]:
        return _all(self._execute(statement, self._sql[statement], params))

    def columns(self, statement: str, /, **params: Any) -> Columns:
        self._note(statement)
        with _translating(), self._connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(self._sql[statement].encode(), params)
            return by_column(_names(cursor), cursor.fetchall())

    def value(self, statement: str, /, **params: Any) -> Any:
        row = self.one(statement, **params)
        return next(iter(row.values())) if row else None

    def run(self, statement: str, /, **params: Any) -> int:
        return self._execute(statement, self._sql[statement], params).rowcount

    def batch(self, statement: str, rows: Iterable[Mapping[str, Any]], /) -> None:
        given = list(rows)
        if len(given) == 1:
            # Half the trips of a pipeline of one.
            self._execute(statement, self._sql[statement], given[0])
            return
        self._note(statement)
        insert = _PLAIN_INSERT.fullmatch(self._sql[statement]) if len(given) >= COPIED else None
        with _translating(), self._connection.cursor() as cursor:
            if insert:
                _copy(cursor, insert, given)
            else:
                cursor.executemany(self._sql[statement].encode(), given)

    def together(self, *batches: tuple[str, Sequence[Mapping[str, Any]]]) -> list[int]:
        with _translating(), self._connection.pipeline():
            # Cursors learn what they changed when the pipeline is left.
            cursors = [
                [self._execute(statement, self._sql[statement], row) for row in rows] for statement, rows in batches
            ]
        return [sum(cursor.rowcount for cursor in each) for each in cursors]

    def page(self, statement: str, tests: Mapping[str, Any], /, **params: Any) -> list[Row]:
        sql = filters.fill(statement, self._sql[statement], tests)
        return _all(self._execute(statement, _placed(sql), {**params, **tests}))

    def find(self, collection: str, query: Query, /, **params: Any) -> Found:
        since = self._since if COLLECTIONS[collection].told else self._since_any
        recall = Recall(self._memory, since, self._opened_at) if self._memory else None
        return lists.find(recall, self._fill, collection, query, params)

    def _since(self, state: Any, counted: bool) -> Changes:
        return changes(self.all("task_changes_since", since=state, counted=counted, limit=MOST + 1))

    def _since_any(self, state: Any, counted: bool) -> Changes:
        """A state is which transactions are visible: whatever commits, anywhere on the server, makes it another."""
        with _translating():
            found = self._connection.execute("SELECT CAST(pg_current_snapshot() AS text) AS state").fetchone()
        assert found is not None
        return Changes(found["state"], frozenset() if found["state"] == state else None)

    def select(self, statement: str, collection: str, query: Query, /, **params: Any) -> list[Row]:
        return finding.select(self._fill, statement, collection, query, params)

    def _fill(self, statement: str, slots: Mapping[str, str], values: Mapping[str, Any]) -> list[Row]:
        placed = {name: _placed(text.replace("%", "%%")) for name, text in slots.items()}
        return _all(self._execute(statement, filled(self._sql[statement], placed), values))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        try:
            with self._connection.transaction():
                yield
        except psycopg.errors.UniqueViolation as error:
            raise Taken from error


class PostgresStore:
    """`url` is a libpq URL. `durable=False` lets a commit return before it is on disk. `busy_s` is how long a
    statement waits for another's lock, `statement_s` how long it may take. With `tickets` the store knows the
    statements about those of Procrastinate, too."""

    def __init__(
        self,
        url: str,
        *,
        durable: bool = True,
        busy_s: float = 30.0,
        statement_s: float = 60.0,
        connections: int = 20,
        observe: Observer | None = None,
        tickets: bool = False,
    ) -> None:
        self.url = url
        self._sql = load("postgres", "psycopg", *(("tickets",) if tickets else ()))
        self._observe = observe
        self._memory = Memory()
        self._ringer = Ringer(url, LINK)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=0,
            max_size=connections,
            # Transactions are begun by `_transaction`; a statement outside of any is one trip instead of three.
            kwargs={
                **LINK,
                "row_factory": dict_row,
                "options": _options(durable, busy_s, statement_s),
                "autocommit": True,
            },
            check=self._check,
            configure=self._opened,
            open=False,
        )
        self._opened_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._used_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()

    def _opened(self, connection: Connection) -> None:
        self._opened_at[connection] = time.monotonic()

    def _check(self, connection: Connection) -> None:
        """Has the connection survived? Asked of one that has been idle: a trip for each transaction is too much."""
        if time.monotonic() - self._used_at.get(connection, 0.0) > IDLE_S:
            ConnectionPool.check_connection(connection)

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        self._pool.open()
        with _translating(), self._pool.connection() as connection:
            yield connection
            self._used_at[connection] = time.monotonic()

    @contextmanager
    def _transaction(self, isolation: IsolationLevel) -> Iterator[PostgresTx]:
        with self._borrowed() as connection:
            connection.isolation_level = isolation
            memory = self._memory if isolation is IsolationLevel.REPEATABLE_READ else None
            with connection.transaction():
                yield PostgresTx(connection, self._sql, self._observe, memory, self._opened_at[connection])

    @contextmanager
    def read(self) -> Iterator[PostgresTx]:
        with self._transaction(IsolationLevel.REPEATABLE_READ) as tx:
            yield tx

    @contextmanager
    def look(self) -> Iterator[PostgresTx]:
        with self._borrowed() as connection:
            yield PostgresTx(connection, self._sql, self._observe)

    @contextmanager
    def write(self, *, shared: bool = False) -> Iterator[PostgresTx]:
        # The server shares commits by itself.
        # Guarded updates and what follows a lock must see what others have committed meanwhile.
        with self._transaction(IsolationLevel.READ_COMMITTED) as tx:
            yield tx
        if tx.topics:
            self._ringer.ring(tx.topics)

    def bell(self, topic: str) -> PostgresBell:
        return PostgresBell(self.url, LINK, topic)

    def backup_lives(self) -> bool:
        with self._borrowed() as connection:
            found = connection.execute(load_whole("postgres", "psycopg")["is_held"].encode()).fetchone()
            return bool(found and found["held"])

    def migrate(self, gate: Callable[[], None] | None = None, then: Callable[[], None] | None = None) -> list[str]:
        return self.apply("postgres", gate, then)

    def apply(
        self, folder: str, gate: Callable[[], None] | None = None, then: Callable[[], None] | None = None
    ) -> list[str]:
        """What is missing of a folder of migrations, which may also be the path of somebody else's."""
        options = quote(f"-c lock_timeout={round(GIVE_WAY_S * 1000)}")
        url = self.url.replace("postgresql://", "postgresql+psycopg://", 1)
        url += f"{'&' if '?' in url else '?'}options={options}"
        return migrations.apply(url, folder, lock=self._migrating(), patience=_give_way, gate=gate, then=then)

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        """The server lets the lock go when its holder dies."""
        with _translating(), psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext('rota migrates'))")
            yield

    def knows(self) -> str:
        return migrations.known("postgres")[-1]

    def check(self) -> list[str]:
        with self.look() as tx:
            return migrations.judge((row["migration_id"] for row in tx.all("migrations_applied")), "postgres")

    def close(self) -> None:
        self._pool.close()
