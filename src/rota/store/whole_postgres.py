"""PostgreSQL as a whole: rows travel by COPY, and a replacement is one transaction, its schema's changes included."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import dict_row

from rota.store import migrations, wire
from rota.store.port import Row, UnfitSchema
from rota.store.statements import filled, load_whole
from rota.store.whole import Column, Table, Unmovable, Write, is_moved, is_ours, kind_of, quoted

LOCK_S = 60
"""How long a replacement waits for those who still read or write; one whose process has died ends within a second."""

_BATCH = 2_000
"""Rows that are read at a time."""

Connection = psycopg.Connection[dict[str, Any]]


class PostgresWhole:
    """`url` is a libpq URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def snapshot(self, *, alone: bool = False) -> Iterator["PostgresSnapshot"]:
        with self._opened() as connection:
            if alone:
                _refuse_others(connection)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                yield PostgresSnapshot(connection)

    def counts(self) -> Mapping[str, int]:
        with self._opened() as connection, connection.transaction():
            _refuse_others(connection)
            names = [row["name"] for row in connection.execute(_sql()["tables"].encode())]
            if names and not any(name.startswith("_yoyo") for name in names):
                raise Unmovable(f"The database holds tables of others, such as {names[0]}: give one of its own.")
            return PostgresSnapshot(connection).counts() if names else {}

    @contextmanager
    def replace(self, migrations: Sequence[str]) -> Iterator["PostgresLanding"]:
        self._lay(migrations)
        with self._opened() as connection:
            _refuse_others(connection)
            with connection.transaction():
                landing = PostgresLanding(connection)
                if set(landing.migrations) != set(migrations):
                    raise Unmovable("The schema of the target is newer than what is to go in: give an empty database.")
                yield landing

    def _lay(self, ids: Sequence[str]) -> None:
        url = self._url.replace("postgresql://", "postgresql+psycopg://", 1)
        try:
            migrations.lay(url, "postgres", ids, lock=self._migrating())
        except UnfitSchema as error:
            raise Unmovable(str(error)) from error

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        with self._opened() as connection:
            _one(connection, "migrate_alone")
            yield

    @contextmanager
    def hold(self) -> Iterator["SessionHold"]:
        with self._opened() as connection:
            connection.execute(_sql()["hold"].encode())
            yield SessionHold(connection)

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        """Outside of transactions. The server notices within a second or, of a machine that is gone, within a minute
        that nobody is there any more."""
        with _translating(), self._connected() as connection:
            if _one(connection, "has_setting", name="client_connection_check_interval")["found"]:
                _one(connection, "set", name="client_connection_check_interval", value="1s")
            yield connection

    def _connected(self) -> Connection:
        waits = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}
        settings = {"lock_timeout": f"{LOCK_S}s", "jit": "off", "statement_timeout": 0, **waits}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        # Not by the name of those who serve: `_refuse_others` asks for them.
        return psycopg.connect(
            self._url,
            autocommit=True,
            row_factory=dict_row,
            application_name="rota, moving",
            client_encoding="UTF8",
            options=options,
        )


class SessionHold:
    """A lock of this session's: it lasts as long as the session."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def check(self) -> None:
        self._connection.execute("SELECT 1")


class PostgresSnapshot:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.migrations = tuple(sorted(row["id"] for row in self._run("applied_migrations") if is_ours(row["id"])))
        names = [row["name"] for row in self._run("tables")]
        self.tables = tuple(self._table(name) for name in names if is_moved(name))

    def _table(self, name: str) -> Table:
        found = list(self._run("columns", {"table": quoted(name)}))
        columns = tuple(Column(row["name"], kind_of(name, row["name"], row["type"])) for row in found)
        key = tuple(row["name"] for row in sorted(found, key=lambda row: row["key"]) if row["key"])
        counted = next((row["name"] for row in found if row["counted"]), None)
        return Table(name, columns, key or tuple(row["name"] for row in found), counted)

    def _run(self, statement: str, params: Any = None, **slots: str) -> psycopg.Cursor[dict[str, Any]]:
        return self._connection.execute(filled(_sql()[statement], slots).encode(), params)

    def rows(self, statement: str) -> Iterator[Row]:
        with self._connection.cursor(name="rota_rows") as cursor:
            cursor.itersize = _BATCH
            yield from cursor.execute(_sql()[statement].encode())

    def counts(self) -> Mapping[str, int]:
        found = {table.name: _first(self._run("table_count", **table.slots))["rows"] for table in self.tables}
        return {name: rows for name, rows in found.items() if rows}

    def dump(self, table: Table, write: Write) -> int:
        blocks, size = [], 0
        with self._connection.cursor() as cursor:
            with cursor.copy(filled(_sql()["dump"], table.slots).encode()) as copy:
                # A block is a row, which is little to write or to hash at a time.
                for block in copy:
                    blocks.append(block)
                    size += len(block)
                    if size > wire.BLOCK:
                        write(b"".join(blocks))
                        blocks, size = [], 0
            write(b"".join(blocks))
            return cursor.rowcount

    def highest(self, table: Table) -> int:
        name = _one(self._connection, "sequence", table=quoted(table.name), column=table.counted)["name"]
        return int(_first(self._run("highest", sequence=name))["highest"])


class PostgresLanding(PostgresSnapshot):
    """Indexes, references and triggers are away while rows come in."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        names = ", ".join(quoted(table.name) for table in self.tables)
        self._run("lock", tables=names)
        regclasses = {"tables": [quoted(table.name) for table in self.tables]}
        self._references = self._run("references", regclasses).fetchall()
        self._indexes = self._run("indexes", regclasses).fetchall()
        for row in self._references:
            self._run("drop_reference", table=row["table"], name=quoted(row["name"]))
        for row in self._indexes:
            self._run("drop_index", index=row["name"])
        for table in self.tables:
            self._run("silence", **table.slots)
        self._run("clear", tables=names)

    @contextmanager
    def load(self, table: Table) -> Iterator[Write]:
        with self._connection.cursor() as cursor:
            try:
                with cursor.copy(filled(_sql()["load"], table.slots).encode()) as copy:
                    yield copy.write
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                raise Unmovable(f"PostgreSQL does not take the table {table.name}: {error}") from error

    def complete(self, highest: Mapping[str, int]) -> None:
        for row in self._indexes:
            self._connection.execute(row["sql"].encode())
        for row in self._references:
            self._run("add_reference", table=row["table"], name=quoted(row["name"]), sql=row["sql"])
        for table in self.tables:
            self._run("unsilence", **table.slots)
            if table.name in highest:
                self._run("set_highest", next=str(highest[table.name] + 1), **table.slots)
        self._run("analyze", tables=", ".join(quoted(table.name) for table in self.tables))


def _one(connection: Connection, statement: str, **params: Any) -> dict[str, Any]:
    return _first(connection.execute(_sql()[statement].encode(), params))


def _first(cursor: psycopg.Cursor[dict[str, Any]]) -> dict[str, Any]:
    found = cursor.fetchone()
    assert found is not None
    return found


def _refuse_others(connection: Connection) -> None:
    if others := _one(connection, "others")["sessions"]:
        raise Unmovable(f"{others} sessions of rota use the database: stop its servers and workers first.")


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise Unmovable(f"The database is none of rota's: {error}") from error
    except psycopg.errors.LockNotAvailable as error:
        raise Unmovable(f"Others have kept the tables locked for {LOCK_S} s.") from error
    except psycopg.Error as error:
        raise Unmovable(f"The database did not do it: {error}") from error


@cache
def _sql() -> Mapping[str, str]:
    return load_whole("postgres", "psycopg")
