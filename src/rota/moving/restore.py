"""Brings a backup back, verified before anything is touched: it is whole in the end, or marked as interrupted."""

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from rota.moving import blobs, manifest, tables
from rota.moving.archive import File, Reader
from rota.moving.manifest import Content, Manifest
from rota.moving.tables import Tell
from rota.store.port import Blobs
from rota.store.whole import Landing, Unmovable, Whole


class Mark(Protocol):
    """Says that a restore is under way, where no server starts as long as it says so."""

    def read(self) -> str | None:
        """The id of the archive that is being restored."""
        ...

    def write(self, archive_id: str) -> None: ...

    def remove(self) -> None: ...


def restore(reader: Reader, whole: Whole, store: Blobs, mark: Mark, *, force: bool, tell: Tell) -> Manifest:
    """Bring everything back; what it was. Interrupted anywhere, it can be run again.

    Raises Unmovable for an archive that is not whole, and for a target that holds anything, unless `force`, which
    replaces it.
    """
    found = manifest.decode(reader.verify())
    tell(f"The archive is whole: {found.rows:,} rows, {found.blobs:,} blobs.")
    is_there = _admit(found, whole, store, mark.read() == found.id, force)
    mark.write(found.id)
    _bring_blobs(reader, store, tell)
    if not is_there:
        _bring_tables(reader, found, whole, tell)
    mark.remove()
    return found


def _admit(found: Manifest, whole: Whole, store: Blobs, is_mine: bool, force: bool) -> bool:
    """Has an earlier run brought the tables back already? Raises Unmovable for a target that may not be replaced."""
    counts = whole.counts()
    if counts and tables.are_there(whole, found.tables):
        return True
    if force:
        return False
    if counts:
        raise Unmovable(f"The database holds {tables.summed_up(counts)} already; --force replaces all of it.")
    if not is_mine and store.names("jobs/"):
        raise Unmovable("The blobs of other jobs are in the place of the blobs; --force lets those of the backup join.")
    return False


def _bring_blobs(reader: Reader, store: Blobs, tell: Tell) -> None:
    count = 0
    with reader.files() as files:
        for name, _, blocks in files:
            kind, _, key = name.partition("/")
            if kind == "blobs":
                blobs.put(store, key, blocks)
                count += 1
                if count % 1_000 == 0:
                    tell(f"{count:,} blobs.")
    tell(f"All {count:,} blobs are in place.")


def _bring_tables(reader: Reader, found: Manifest, whole: Whole, tell: Tell) -> None:
    with whole.replace(found.migrations) as landing:
        tables.check_tables(landing, [content.table for content in found.tables])
        with reader.files() as files:
            parts = _Parts(files)
            for content in found.tables:
                _load(landing, content, parts)
                tables.confirm(landing, content, tell)
        tables.complete(landing, found.tables, tell)


class _Parts:
    """The files of one table after the other."""

    def __init__(self, files: Iterator[File]) -> None:
        self._files = files

    def of(self, name: str) -> Iterator[bytes]:
        for file, _, blocks in self._files:
            if not file.startswith(f"tables/{name}/"):
                self._files = chain([(file, _, blocks)], self._files)
                return
            yield from blocks


def _load(landing: Landing, content: Content, parts: _Parts) -> None:
    with landing.load(content.table) as write:
        for block in parts.of(content.table.name):
            write(block)
