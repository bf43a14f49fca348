"""SQLite as a whole: a snapshot is a reading transaction, a replacement a new file in the place of the old one."""

import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rota.disk import flush
from rota.store import holds, migrations, wire
from rota.store.port import Row, UnfitSchema
from rota.store.statements import filled, load_whole
from rota.store.whole import Column, Table, Unmovable, Write, is_moved, is_ours, kind_of, quoted

_BATCH = 2_000
"""Rows that are read or written at a time."""


class SqliteWhole:
    """`url` is `sqlite:///PATH`."""

    def __init__(self, url: str) -> None:
        self.path = Path(url.removeprefix("sqlite:///"))

    @contextmanager
    def snapshot(self, *, alone: bool = False) -> Iterator["SqliteSnapshot"]:
        with _translating(self.path), _opened(self.path) as connection:
            if alone:
                # Whoever has the database open has a lock on it, if only for reading: this asks for all of it.
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN")
            yield SqliteSnapshot(connection)

    def counts(self) -> Mapping[str, int]:
        if not self.path.exists():
            return {}
        with self.snapshot(alone=True) as snapshot:
            return snapshot.counts()

    @contextmanager
    def replace(self, migrations: Sequence[str]) -> Iterator["SqliteLanding"]:
        beside = self.path.with_name(f"{self.path.name}.arriving")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Of one that was interrupted.
        _remove(beside)
        _lay(beside, migrations)
        with _translating(beside), _opened(beside) as connection:
            # Nobody else sees the file, and what breaks off is thrown away.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            yield SqliteLanding(connection)
            connection.execute("COMMIT")
        flush(beside)
        if self.path.exists():
            self._retire()
        beside.replace(self.path)
        flush(self.path.parent)

    def _retire(self) -> None:
        """Let the old file be whole without its log: the log would be taken for the new file's."""
        with _translating(self.path), _opened(self.path) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")

    @contextmanager
    def hold(self) -> Iterator["FileHold"]:
        with holds.hold(self.path):
            yield FileHold()


class FileHold:
    """A lock of the kernel's: it lasts as long as its process."""

    def check(self) -> None:
        return


class SqliteSnapshot:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sql = load_whole("sqlite", "sqlite3")
        self.migrations = tuple(sorted(row["id"] for row in self.rows("applied_migrations") if is_ours(row["id"])))
        made = [(row["name"], row["sql"]) for row in self.rows("tables") if is_moved(row["name"])]
        self.tables = tuple(self._table(name, "AUTOINCREMENT" in sql) for name, sql in made)

    def _table(self, name: str, is_counted: bool) -> Table:
        found = list(self._run("columns", {"name": name}))
        columns = tuple(Column(row["name"], kind_of(name, row["name"], row["type"])) for row in found)
        key = tuple(row["name"] for row in sorted(found, key=lambda row: row["key"]) if row["key"])
        return Table(name, columns, key or tuple(row["name"] for row in found), key[0] if is_counted else None)

    def _run(self, statement: str, params: Any = (), **slots: str) -> sqlite3.Cursor:
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(filled(self._sql[statement], slots), params)

    def rows(self, statement: str) -> Iterator[Row]:
        return (dict(row) for row in self._run(statement))

    def counts(self) -> Mapping[str, int]:
        found = {table.name: self._run("table_count", **table.slots).fetchone()["rows"] for table in self.tables}
        return {name: rows for name, rows in found.items() if rows}

    def dump(self, table: Table, write: Write) -> int:
        write(wire.HEAD)
        cursor, total = self._run("table_rows", **table.slots), 0
        cursor.row_factory = None
        while rows := cursor.fetchmany(_BATCH):
            try:
                write(wire.encode(table.kinds, rows))
            except (TypeError, struct.error, AttributeError) as error:
                raise Unmovable(
                    f"The table {table.name} holds a value that its column has no room for ({error}): "
                    f"it is among the {_BATCH} rows from row {total + 1} on, in the order of {', '.join(table.key)}."
                ) from error
            total += len(rows)
        write(wire.TAIL)
        return total

    def highest(self, table: Table) -> int:
        found = self._run("highest", {"name": table.name}).fetchone()
        return found["seq"] if found else 0


class SqliteLanding(SqliteSnapshot):
    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        aside = list(self.rows("aside"))
        self._aside = [row["sql"] for row in aside]
        for row in aside:
            self._run("put_aside", type=row["type"], name=quoted(row["name"]))

    @contextmanager
    def load(self, table: Table) -> Iterator[Write]:
        sql = filled(self._sql["put"], table.slots)
        decoder = wire.Decoder(table.kinds)

        def write(data: bytes) -> None:
            self._connection.executemany(sql, decoder.feed(data))

        try:
            yield write
        except wire.Malformed as error:
            raise Unmovable(f"What was to be the table {table.name} cannot be read.") from error
        if not decoder.ended:
            raise Unmovable(f"What was to be the table {table.name} breaks off.")

    def complete(self, highest: Mapping[str, int]) -> None:
        for sql in self._aside:
            self._connection.execute(sql)
        for name, number in highest.items():
            self._run("forget_highest", {"name": name})
            self._run("set_highest", {"name": name, "highest": number})
        if dangling := self._run("dangling").fetchone():
            raise Unmovable(f"The table {dangling['name']} refers to rows of {dangling['parent']} that are not there.")


def _lay(path: Path, ids: Sequence[str]) -> None:
    try:
        # Nobody else knows of the file.
        migrations.lay(f"sqlite:///{path}", "sqlite", ids, lock=nullcontext())
    except UnfitSchema as error:
        raise Unmovable(str(error)) from error


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that is there: none is made."""
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        sentence = _SENTENCES.get(error.sqlite_errorcode & 0xFF, "{path}: {error}.")
        raise Unmovable(sentence.format(path=path, error=error)) from error
    except sqlite3.DatabaseError as error:
        raise Unmovable(f"{path}: {error}.") from error


_SENTENCES = {
    sqlite3.SQLITE_CANTOPEN: "There is no database at {path}.",
    sqlite3.SQLITE_BUSY: "Another process uses {path}: stop the server and its workers first.",
    sqlite3.SQLITE_ERROR: "{path} is no database of rota: {error}.",
    sqlite3.SQLITE_FULL: "There is no room for {path}.",
}


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
