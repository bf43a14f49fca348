"""Tells the blobs of this database from those of another, and from an empty folder where nothing is mounted.

A machine that looks for blobs in the wrong place would give up every job that it takes, because its input is gone. So
they bear a seal: a blob that names the root account, whose id no other database has.
"""

from rota.domain.errors import StoreUnavailable
from rota.domain.jobs import blob_prefix
from rota.store.port import Blobs, Store

SEAL = "seal"


def put(store: Store, blobs: Blobs) -> None:
    """Seal blobs that bear no seal yet, unless the newest job should have some there. Raises StoreUnavailable where the
    blobs are not those of this database."""
    if blobs.size(SEAL) is not None:
        check(store, blobs)
        return
    with store.read() as tx:
        newest = tx.one("job_newest_input")
    if newest and blobs.size(f"{blob_prefix(newest['id'])}{newest['rows_name']}") is None:
        raise StoreUnavailable(f"it holds nothing of the job {newest['id']}, and no blob `{SEAL}` with {_root(store)}")
    with blobs.create(SEAL) as upload:
        upload.write(_root(store).encode())
        upload.commit()


def check(store: Store, blobs: Blobs) -> None:
    """Raises StoreUnavailable unless these are the blobs of this database."""
    root = _root(store)
    try:
        found = blobs.read(SEAL, 0, len(root)).decode()
    except FileNotFoundError:
        raise StoreUnavailable(f"the blobs bear no seal of the database, {root}") from None
    if found != root:
        raise StoreUnavailable(f"the blobs are those of another database, {found}, and not of {root}")


def _root(store: Store) -> str:
    with store.read() as tx:
        row = tx.one("root_account")
    assert row is not None
    return str(row["id"])
