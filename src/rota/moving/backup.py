"""Makes a backup, of a server that goes on meanwhile: one state of the database, and all blobs that it counts.

Blobs that a state counts are never written again, and only go once their job is deleted and somebody empties the trash.
So the trash is held before the state is fixed, and until the last blob has been copied.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rota.moving import archive, blobs, tables
from rota.moving.archive import Writer
from rota.moving.manifest import FORMAT, NAME, Content, Manifest
from rota.moving.tables import Tell
from rota.store.port import Blobs
from rota.store.whole import Snapshot, Table, Whole

PART = 8 << 20
"""A table is kept in files of about so many bytes, which are in memory one at a time."""


def backup(whole: Whole, store: Blobs, path: Path, *, archive_id: str, version: str, now: int, tell: Tell) -> Manifest:
    """Make an archive at the path; what is in it. Raises Unmovable, and leaves nothing."""
    with (
        whole.hold() as hold,
        archive.create(path, now // 1_000_000) as writer,
        tempfile.TemporaryFile(dir=path.absolute().parent) as keys,
    ):
        with whole.snapshot() as snapshot:
            migrations = snapshot.migrations
            contents = tuple(_pack(snapshot, table, writer, tell) for table in snapshot.tables)
            blobs.note(blobs.referred(snapshot), keys)
        count, size = _pack_blobs(store, keys, writer, tell)
        hold.check()
        manifest = Manifest(FORMAT, archive_id, now, version, migrations, contents, count, size)
        data = manifest.encode()
        writer.put(NAME, len(data), [data])
    return manifest


class _Parts:
    """Cuts the bytes of a table into files."""

    def __init__(self, table: Table, writer: Writer) -> None:
        self._table, self._writer = table, writer
        self._data, self._number = bytearray(), 0

    def write(self, data: bytes) -> None:
        self._data += data
        if len(self._data) >= PART:
            self.flush()

    def flush(self) -> None:
        if self._data:
            self._number += 1
            self._writer.put(f"tables/{self._table.name}/{self._number:04d}", len(self._data), [bytes(self._data)])
            self._data.clear()


def _pack(snapshot: Snapshot, table: Table, writer: Writer, tell: Tell) -> Content:
    parts = _Parts(table, writer)
    content = tables.read(snapshot, table, parts.write)
    parts.flush()
    tell(f"{table.name}: {content.rows:,} rows.")
    return content


def _pack_blobs(store: Blobs, keys: IO[bytes], writer: Writer, tell: Tell) -> tuple[int, int]:
    count = total = 0
    for key, size in _present(store, keys):
        writer.put(f"blobs/{key}", size, store.stream(key, 0, size))
        count, total = count + 1, total + size
        if count % 1_000 == 0:
            tell(f"{count:,} blobs, {total:,} bytes.")
    return count, total


def _present(store: Blobs, keys: IO[bytes]) -> Iterator[tuple[str, int]]:
    for blob in blobs.noted(keys):
        size = blobs.size_of(store, blob)
        if size is not None:
            yield blob.key, size
