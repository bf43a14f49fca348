"""Removes blobs that nothing refers to: of deleted jobs, of fenced runners, of uploads that died with their server."""

from functools import partial

from rota.domain.jobs import blob_prefix, segment_key
from rota.store.port import INCOMING, Blobs, Store

_PARTS = ("out", "success", "failed")


def empty_trash(store: Store, blobs: Blobs) -> int:
    """Remove the blobs of deleted jobs; how many jobs. A crash on the way leaves the rest for the next time."""
    with store.read() as tx:
        prefixes = [row["prefix"] for row in tx.all("trash_all")]
    for prefix in prefixes:
        blobs.delete(blobs.names(prefix))
        with store.write() as tx:
            tx.run("trash_forget", prefix=prefix)
    return len(prefixes)


def remove_strays(store: Store, blobs: Blobs, job_id: str) -> int:
    """Remove segments of an ended job that its ledger does not count, and what the dead left unfinished; how many."""
    with store.read() as tx:
        settled = tx.all("segments_of_job", job_id=job_id)
    counted = {segment_key(job_id, row["first_row"], row["epoch"], part) for row in settled for part in _PARTS}
    strays = [key for key in blobs.names(f"{blob_prefix(job_id)}segments/") if key not in counted]
    blobs.delete(strays)
    # And what runners were writing when they were killed.
    return len(strays) + blobs.sweep(INCOMING)


def remove_orphans(store: Store, blobs: Blobs) -> int:
    """Remove uploads whose server died, before or after they had a key; how many blobs."""
    removed = blobs.sweep(INCOMING)
    folders = {key.split("/")[1] for key in blobs.names("jobs/")}
    with store.read() as tx:
        orphans = [job_id for job_id in folders if not tx.one("job_exists", id=job_id)]
    return removed + sum(blobs.sweep(blob_prefix(job_id), partial(_exists, store, job_id)) for job_id in orphans)


def _exists(store: Store, job_id: str) -> bool:
    """Asked again once the blob is let go: its upload may have been alive before, and have led to a job since."""
    with store.read() as tx:
        return tx.one("job_exists", id=job_id) is not None
