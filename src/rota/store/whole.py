"""A database as a whole: what backup, restore and migrate-store ask of it, whichever database it is."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

from rota.store.migrations import known
from rota.store.port import Row


class Unmovable(Exception):
    """Why a database cannot be read or replaced as a whole, and what to do, in sentences for the operator."""


class Kind(StrEnum):
    """What a column holds, whatever its type is called."""

    WHOLE = "whole"
    REAL = "real"
    FLAG = "flag"
    TEXT = "text"


KINDS: Mapping[str, Kind] = {
    "INTEGER": Kind.WHOLE,
    "BIGINT": Kind.WHOLE,
    "REAL": Kind.REAL,
    "DOUBLE PRECISION": Kind.REAL,
    "BOOLEAN": Kind.FLAG,
    "TEXT": Kind.TEXT,
}
"""By the types of both databases' schemas. A type that is not here stops a move before it begins."""

LEFT_OUT: Mapping[str, str] = {
    "sqlite_*": "SQLite's own",
    "*yoyo*": "the migrations that were applied: those of the target are its own, and compared",
    "procrastinate_*": "the queue of an engine, which is filled from the ledger of chunks",
    "ticketing": "whether there is such a queue, which a start says",
    "nodes": "who lives at this moment",
    "list_changes": "whether what is remembered of lists still holds, which nobody remembers elsewhere",
    "task_changes": "the same, task by task",
}
"""The tables that do not move, and why."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """`key` is the columns that put the rows in order: the primary key, or all where there is none. `counted` is the
    column that a sequence fills."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    counted: str | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(column.kind for column in self.columns)

    @property
    def slots(self) -> dict[str, str]:
        """What the statements over any table leave open."""
        return {
            "table": quoted(self.name),
            "columns": ", ".join(quoted(column.name) for column in self.columns),
            "places": ", ".join("?" * len(self.columns)),
            "key": ", ".join(f"{quoted(name)} NULLS FIRST" for name in self.key),
            "counted": quoted(self.counted or ""),
        }


Write = Callable[[bytes], None]
"""Takes the next bytes of rows in the form of store/wire.py, however they are cut."""


class Snapshot(Protocol):
    """One state of the whole database. `migrations` are the ids of those that were applied, ascending."""

    @property
    def migrations(self) -> tuple[str, ...]: ...

    @property
    def tables(self) -> tuple[Table, ...]: ...

    def dump(self, table: Table, write: Write) -> int:
        """Write the rows of the table in the order of its key, the columns in the order given; how many rows."""
        ...

    def highest(self, table: Table) -> int:
        """The highest number that the table's sequence has given out, 0 for none: it gives none out twice."""
        ...

    def rows(self, statement: str) -> Iterator[Row]:
        """The rows of a named statement without parameters, as they are needed."""
        ...


class Landing(Snapshot, Protocol):
    """A database whose rows are being replaced: all of it counts once the context is left, or none of it."""

    def load(self, table: Table) -> AbstractContextManager[Write]:
        """Fill the table, which is empty, with what `dump` has written."""
        ...

    def complete(self, highest: Mapping[str, int]) -> None:
        """Have indexes made and references checked, and let the sequences of these tables go on after these numbers."""
        ...


class Hold(Protocol):
    """Keeps the blobs of deleted jobs from being removed for as long as this process holds it."""

    def check(self) -> None:
        """Raises Unmovable when the hold has been lost on the way."""
        ...


class Whole(Protocol):
    """A database that is read and replaced as a whole. All of it raises Unmovable."""

    def snapshot(self, *, alone: bool = False) -> AbstractContextManager[Snapshot]:
        """The state of this moment, which lasts as long as the context. `alone`: nobody of rota may use the database
        meanwhile."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many rows there are in each table that has any, with nobody else using the database. Empty where there is
        none yet."""
        ...

    def replace(self, migrations: Sequence[str]) -> AbstractContextManager[Landing]:
        """Replace everything by what is loaded in the context, under the schema of exactly these migrations."""
        ...

    def hold(self) -> AbstractContextManager[Hold]: ...


def quoted(name: str) -> str:
    """A name of the schema, as SQL of both databases takes it."""
    return '"' + name.replace('"', '""') + '"'


def is_moved(table: str) -> bool:
    return not any(fnmatchcase(table, pattern) for pattern in LEFT_OUT)


def is_ours(migration: str) -> bool:
    """Is it one of both databases, and not of an engine's?"""
    return re.match(r"\d{4}_", migration) is not None and migration not in known("tickets")


def kind_of(table: str, column: str, type_name: str) -> Kind:
    """Raises Unmovable for a type that nothing is known of."""
    found = KINDS.get(type_name.upper())
    if found is None:
        raise Unmovable(f"The column {column} of the table {table} is of the type {type_name}, which cannot be moved.")
    return found
