"""Removes blobs that nothing refers to: of deleted jobs, of fenced runners, of uploads that died with their server.

Several machines may sweep one store at a time, and others write to it meanwhile. Age and locks tell what has probably
been let go; that nothing is lost where they err is up to the table `trash`. What lies below a prefix goes once a
committed row names it there, and a job comes to be only in a transaction that has held that row itself: of the two
one waits for the other, and finds either a job or its blobs gone. So does a server that slept for a day between its
upload and its job.

A backup copies blobs of the state in which it found the database, after which jobs may have been deleted. What a sweep
finds to be let go was so before it asks whether a backup lives; a backup that begins later does not refer to it.
"""

from collections.abc import Sequence

import msgspec

from rota.domain.errors import StoreUnavailable
from rota.domain.jobs import blob_prefix, segment_key
from rota.store.port import INCOMING, Blobs, Store, Tx

BATCH = 1_000
"""Ids that the database is asked about at once."""

_PARTS = ("out", "success", "failed")


def hold(tx: Tx, blobs: Blobs, job_id: str, keys: Sequence[str]) -> None:
    """In the transaction that makes the job: from here on no sweep takes its blobs. Raises StoreUnavailable when one
    has."""
    row = {"prefix": blob_prefix(job_id)}
    held, _ = tx.together(("trash_insert", [row]), ("trash_forget", [row]))
    if not held or any(blobs.size(key) is None for key in keys):
        raise StoreUnavailable("the upload was swept before it became a job")


def empty_trash(store: Store, blobs: Blobs) -> int:
    """Remove the blobs of deleted jobs; how many jobs. A crash on the way leaves the rest for the next time, and so
    does a backup that lives."""
    with store.read() as tx:
        prefixes = [row["prefix"] for row in tx.all("trash_all")]
    if not prefixes or store.backup_lives():
        return 0
    for prefix in prefixes:
        blobs.delete(blobs.names(prefix))
        _forget(store, prefix)
    return len(prefixes)


def remove_strays(store: Store, blobs: Blobs, job_id: str) -> int:
    """Remove segments of an ended job that its ledger does not count, and what the dead left unfinished; how many."""
    with store.read() as tx:
        if not tx.one("job_exists", id=job_id):
            # It has been deleted meanwhile: its blobs are for those who empty the trash.
            return 0
        settled = tx.all("segments_of_job", job_id=job_id)
    counted = {segment_key(job_id, row["first_row"], row["epoch"], part) for row in settled for part in _PARTS}
    strays = [key for key in blobs.names(f"{blob_prefix(job_id)}segments/") if key not in counted]
    blobs.delete(strays)
    # And what runners were writing when they were killed.
    return len(strays) + blobs.sweep(INCOMING)


def remove_orphans(store: Store, blobs: Blobs) -> int:
    """Remove uploads whose server died, before or after they were committed; how many blobs."""
    removed, folders = blobs.sweep(INCOMING), blobs.folders("jobs/")
    for at in range(0, len(folders), BATCH):
        orphans = _without_job(store, folders[at : at + BATCH])
        if not orphans or store.backup_lives():
            continue
        removed += sum(_remove_orphan(store, blobs, job_id) for job_id in orphans)
    return removed


def _without_job(store: Store, ids: Sequence[str]) -> list[str]:
    with store.read() as tx:
        known = {row["id"] for row in tx.all("jobs_among", words=msgspec.json.encode(ids).decode())}
    return [job_id for job_id in ids if job_id not in known]


def _remove_orphan(store: Store, blobs: Blobs, job_id: str) -> int:
    condemned = False

    def spare() -> bool:
        nonlocal condemned
        condemned = condemned or _condemn(store, job_id)
        return not condemned

    removed = blobs.sweep(blob_prefix(job_id), spare)
    if condemned:
        _forget(store, blob_prefix(job_id))
    return removed


def _condemn(store: Store, job_id: str) -> bool:
    """Say that the blobs of this job to be may go. False when there is a job after all: its upload may have been alive
    before, and have led to it since. Asked after the row is written: whoever makes a job holds it until they commit."""
    with store.write() as tx:
        tx.run("trash_insert", prefix=blob_prefix(job_id))
        if tx.one("job_exists", id=job_id):
            tx.run("trash_forget", prefix=blob_prefix(job_id))
            return False
        return True


def _forget(store: Store, prefix: str) -> None:
    with store.write() as tx:
        tx.run("trash_forget", prefix=prefix)
