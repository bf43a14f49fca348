"""What the rest of rota may ask of a store, whatever database or disk stands behind it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from rota.domain.field.queries import Found, Query

Row = Mapping[str, Any]

Columns = Mapping[str, Sequence[Any]]
"""Rows that are read column by column: what they have under each name, in their order."""

INCOMING = "incoming/"
"""Where a store may keep uploads that are not committed."""

ABANDONED_S = 86_400.0
"""Where several machines share a store, nobody can see who lives: what has not been written for so long counts as let
go. A multipart upload counts from its start."""


class Taken(Exception):
    """A unique index has refused what was to be written: somebody else has it."""


class UnfitSchema(Exception):
    """This version of rota cannot work with the schema as it is; the sentence says why, and what to do."""


class Tx(Protocol):
    """One transaction. Statements are called by their name in store/sql; parameters are theirs.

    A filter is a set of column tests that a statement leaves open with `{where}`: see store/filters.py.
    """

    def one(self, statement: str, /, **params: Any) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, statement: str, /, **params: Any) -> list[Row]: ...

    def columns(self, statement: str, /, **params: Any) -> Columns:
        """All rows, for whom a page is too long to be read row by row."""
        ...

    def value(self, statement: str, /, **params: Any) -> Any:
        """The first column of the first row, or None."""
        ...

    def run(self, statement: str, /, **params: Any) -> int:
        """How many rows changed."""
        ...

    def batch(self, statement: str, rows: Iterable[Mapping[str, Any]], /) -> None:
        """Run once per row of parameters, in one trip."""
        ...

    def together(self, *batches: tuple[str, Sequence[Mapping[str, Any]]]) -> list[int]:
        """Run several writing statements, each once per row of parameters, in their order and in one trip; how many
        rows each of them changed. For few rows."""
        ...

    def page(self, statement: str, tests: Mapping[str, Any], /, **params: Any) -> list[Row]:
        """Rows of a statement with `{where}`, which is filled from the closed table of filters."""
        ...

    def find(self, collection: str, query: Query, /, **params: Any) -> Found:
        """The page of ids that a query asks for, by four statements of the collection at most; their `{where}` and
        `{order}` are filled from the closed tables of store/lookups.py."""
        ...

    def select(self, statement: str, collection: str, query: Query, /, **params: Any) -> list[Row]:
        """The rows of a statement with `{where}` and `{order}`, which are filled as `find` fills them; of the query's
        limit and offset it takes what it names."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """On an exception inside, undo what was done inside, and pass the exception on. Raises Taken."""
        ...


class Bell(Protocol):
    """Hears of commits, in one thread."""

    def wait(self, poll_s: float, patience_s: float) -> None:
        """Until it rings: `patience_s` at most, and only `poll_s` while nothing can be heard. A ring may be lost, so
        that whoever hears none looks by themselves."""
        ...

    def __enter__(self) -> "Bell": ...

    def __exit__(self, *exc: object) -> None: ...


class Store(Protocol):
    """A database. `read` sees one consistent state; `write` commits at the end or, on an exception, not at all.

    A commit survives power loss unless ROTA_DURABILITY is `normal`. Raises StorageFull when there is no room, and
    StoreUnavailable when the database does not answer.
    """

    def read(self) -> AbstractContextManager[Tx]: ...

    def look(self) -> AbstractContextManager[Tx]:
        """For reads of which each may see a state of its own: one statement costs one trip."""
        ...

    def write(self, *, shared: bool = False) -> AbstractContextManager[Tx]:
        """`shared` is for short transactions: several may become durable by one commit, which all of them wait for."""
        ...

    def bell(self, topic: str) -> Bell | None:
        """What rings when something of the topic is committed: `events`, or `chunks` that may be worked. None where
        the database tells nobody."""
        ...

    def backup_lives(self) -> bool:
        """Does a backup that is under way need the blobs of deleted jobs? Asked after the look that found what may go:
        a backup that begins later knows nothing of it."""
        ...

    def migrate(self, gate: Callable[[], None] | None = None, then: Callable[[], None] | None = None) -> list[str]:
        """Bring the schema up to date; the ids of the migrations that were applied. Raises UnfitSchema.

        What removes or tightens waits for a call with a `gate`, which raises when it must wait longer. Nobody else
        migrates while the gate is asked and, once the schema fits, `then` is called.
        """
        ...

    def knows(self) -> str:
        """The newest migration that this version has."""
        ...

    def check(self) -> list[str]:
        """Raise unless the database answers and its schema fits this version (UnfitSchema); which migrations wait for
        a gate."""
        ...

    def close(self) -> None: ...


class Upload(Protocol):
    """Bytes on their way in. Nothing is visible under the key until `commit`; leaving the context without it discards.

    Until the context is left, a sweep takes the upload for alive, committed or not: for as long as its process lives
    where one machine has the store to itself, and for `ABANDONED_S` where several share it. Raises StorageFull and
    StoreUnavailable, and keeps nothing then.
    """

    def write(self, data: bytes) -> None: ...

    def commit(self) -> None:
        """Make the bytes durable under the key, in place of what was there."""
        ...

    def __enter__(self) -> "Upload": ...

    def __exit__(self, *exc: object) -> None: ...


class Blobs(Protocol):
    """Named runs of bytes. Keys are paths such as `jobs/ID/in.csv`, each written once or always with the same bytes.

    Raises StoreUnavailable when the store does not answer or takes nothing, and FileNotFoundError for a blob to be read
    that is not there.
    """

    def create(self, key: str) -> Upload:
        """Begin a blob. The key is settled now: a multipart upload cannot be renamed."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes, or None when there is no such blob."""
        ...

    def read(self, key: str, start: int, end: int) -> bytes: ...

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of `[start, end)` in blocks."""
        ...

    def names(self, prefix: str) -> list[str]:
        """The keys below a prefix that ends in `/`, sorted."""
        ...

    def folders(self, prefix: str) -> list[str]:
        """The first steps of the keys below a prefix, where more follow: `1` for `jobs/1/in.csv` below `jobs/`."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove these; a key that is not there is no error."""
        ...

    def sweep(self, prefix: str, spare: Callable[[], bool] = ...) -> int:
        """Remove what lies below the prefix and is held by no living upload; how many blobs that were.

        `spare` is asked once a blob is known to be let go, so that its owner has said all it will: True keeps it.
        """
        ...

    def check(self) -> None:
        """Raise unless a blob can be written; what is wrong is in the refusal's `reason`."""
        ...


Observer = Callable[[str], None]
"""Told the name of each statement as it runs: how tests count queries."""
