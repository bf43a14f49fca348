"""The database for more than one machine: PostgreSQL through psycopg 3 and its pool."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.store import filters, migrations
from rota.store.port import Observer, Row
from rota.store.statements import load

Connection = psycopg.Connection[dict[str, Any]]


class PostgresTx:
    def __init__(self, connection: Connection, sql: Mapping[str, str], observe: Observer | None) -> None:
        self._connection, self._sql, self._observe = connection, sql, observe

    def _execute(self, statement: str, sql: str, params: Mapping[str, Any]) -> psycopg.Cursor[dict[str, Any]]:
        if self._observe:
            self._observe(statement)
        return self._connection.execute(sql.encode(), params)

    def one(self, statement: str, /, **params: Any) -> Row | None:
        return self._execute(statement, self._sql[statement], params).fetchone()

    def all(self, statement: str, /, **params: Any) -> list[Row]:
        return list(self._execute(statement, self._sql[statement], params))

    def value(self, statement: str, /, **params: Any) -> Any:
        row = self.one(statement, **params)
        return next(iter(row.values())) if row else None

    def run(self, statement: str, /, **params: Any) -> int:
        return self._execute(statement, self._sql[statement], params).rowcount

    def batch(self, statement: str, rows: Iterable[Mapping[str, Any]], /) -> None:
        if self._observe:
            self._observe(statement)
        with self._connection.cursor() as cursor:
            cursor.executemany(self._sql[statement].encode(), rows)

    def page(self, statement: str, tests: Mapping[str, Any], /, **params: Any) -> list[Row]:
        sql = filters.fill(statement, self._sql[statement], tests)
        # The tests are written with the :name placeholders that the statement files use.
        return list(self._execute(statement, re.sub(r":(\w+)", r"%(\1)s", sql), {**params, **tests}))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self._connection.transaction():
            yield


class PostgresStore:
    """`url` is a libpq URL. `durable=False` lets a commit return before it is on disk."""

    def __init__(
        self, url: str, *, durable: bool = True, connections: int = 20, observe: Observer | None = None
    ) -> None:
        self.url = url
        self._sql = load("postgres", "psycopg")
        self._observe = observe
        options = "" if durable else "-c synchronous_commit=off"
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=0,
            max_size=connections,
            kwargs={"row_factory": dict_row, "options": options},
            check=ConnectionPool.check_connection,
            open=False,
        )

    @contextmanager
    def _transaction(self, isolation: IsolationLevel) -> Iterator[PostgresTx]:
        self._pool.open()
        try:
            with self._pool.connection() as connection:
                connection.isolation_level = isolation
                with connection.transaction():
                    yield PostgresTx(connection, self._sql, self._observe)
        except (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory) as error:
            raise StorageFull from error
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise StoreUnavailable from error

    @contextmanager
    def read(self) -> Iterator[PostgresTx]:
        with self._transaction(IsolationLevel.REPEATABLE_READ) as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[PostgresTx]:
        # Guarded updates and what follows a lock must see what others have committed meanwhile.
        with self._transaction(IsolationLevel.READ_COMMITTED) as tx:
            yield tx

    def migrate(self) -> list[str]:
        return migrations.apply(self.url.replace("postgresql://", "postgresql+psycopg://", 1), "postgres")

    def check(self) -> None:
        with self.read() as tx:
            tx.value("schema_answers")

    def close(self) -> None:
        self._pool.close()
