"""Blobs on their way: those that a state of the database counts, each compared when it has arrived."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import IO

from rota.domain.jobs import blob_prefix, segment_key
from rota.moving.tables import Tell
from rota.store.port import Blobs, Row
from rota.store.whole import Snapshot, Unmovable

TOGETHER = 8
"""Blobs that are copied at a time: object stores answer late, and many at once."""

_NEWS = 1_000
"""Every so many blobs are worth a sentence."""


@dataclass(frozen=True, slots=True)
class Referred:
    """A blob that the ledger counts. `size` is what it says of it, None where it says nothing."""

    key: str
    size: int | None


def referred(snapshot: Snapshot) -> Iterator[Referred]:
    """All blobs that jobs need. What can be made anew from these (`unprocessed.csv`, `manifest.json`) is left."""
    for row in snapshot.rows("inputs_of_jobs"):
        for name in sorted({"in.csv", row["rows_name"]}):
            yield Referred(blob_prefix(row["id"]) + name, None)
    for row in snapshot.rows("segments_of_jobs"):
        yield from _segments(row)


def _segments(row: Row) -> Iterator[Referred]:
    is_mixed = row["success_count"] > 0 and row["failure_count"] > 0
    for part in ("out", "success", "failed") if is_mixed else ("out",):
        yield Referred(segment_key(row["job_id"], row["first_row"], row["epoch"], part), row[f"{part}_bytes"])


def note(blobs: Iterable[Referred], file: IO[bytes]) -> None:
    """Keep the list in a file, as long as it may be."""
    for blob in blobs:
        file.write(f"{blob.key}\t{'' if blob.size is None else blob.size}\n".encode())
    file.seek(0)


def noted(file: IO[bytes]) -> Iterator[Referred]:
    for line in file:
        key, _, size = line.decode().rstrip("\n").partition("\t")
        yield Referred(key, int(size) if size else None)


def size_of(blobs: Blobs, blob: Referred) -> int | None:
    """The blob's bytes; None for an empty one that was never written. Raises Unmovable where it is not as the ledger
    says."""
    size = blobs.size(blob.key)
    if size is None and blob.size == 0:
        return None
    if size is None or blob.size not in {None, size}:
        there = "is missing" if size is None else f"has {size} bytes, where the ledger counts {blob.size}"
        raise Unmovable(f"The blob {blob.key} {there}.")
    return size


def put(blobs: Blobs, key: str, blocks: Iterable[bytes]) -> int:
    """Write a blob and read it again; its bytes. Raises Unmovable when it is not the same."""
    digest, size = hashlib.sha256(), 0
    with blobs.create(key) as upload:
        for block in blocks:
            digest.update(block)
            size += len(block)
            upload.write(block)
        upload.commit()
    if blobs.size(key) != size or sha256(blobs, key, size) != digest.digest():
        raise Unmovable(f"The blob {key} has arrived otherwise than it was sent.")
    return size


def copy_all(source: Blobs, target: Blobs, wanted: Iterator[Referred], tell: Tell) -> tuple[int, int]:
    """Copy blobs, and leave those that are there already, byte by byte; how many blobs there are, and their bytes."""
    count = total = 0
    with ThreadPoolExecutor(TOGETHER) as pool:
        while some := list(islice(wanted, TOGETHER * 8)):
            sizes = [size for size in pool.map(lambda blob: _copy(source, target, blob), some) if size is not None]
            before, count, total = count, count + len(sizes), total + sum(sizes)
            if before // _NEWS != count // _NEWS:
                tell(f"{count:,} blobs, {total:,} bytes.")
    return count, total


def sha256(blobs: Blobs, key: str, size: int) -> bytes:
    digest = hashlib.sha256()
    for block in blobs.stream(key, 0, size):
        digest.update(block)
    return digest.digest()


def _copy(source: Blobs, target: Blobs, blob: Referred) -> int | None:
    size = size_of(source, blob)
    if size is None:
        return None
    if target.size(blob.key) != size or sha256(target, blob.key, size) != sha256(source, blob.key, size):
        put(target, blob.key, source.stream(blob.key, 0, size))
    return size
