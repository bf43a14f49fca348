"""The seal: blobs of this database are told from all others."""

from pathlib import Path

import pytest

from books import ROOT, Books
from buckets import get, put
from rota.domain.errors import StoreUnavailable
from rota.operations import seal
from rota.store.blobs import LocalBlobs
from rota.store.port import Store


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


def test_empty_blobs_are_sealed_once(books: Books, blobs: LocalBlobs) -> None:
    with pytest.raises(StoreUnavailable, match="no seal"):
        seal.check(books.store, blobs)
    for _ in range(2):
        seal.put(books.store, blobs)
        seal.check(books.store, blobs)
    assert get(blobs, "seal") == ROOT.encode()


def test_blobs_that_hold_what_the_newest_job_needs_are_sealed(books: Books, blobs: LocalBlobs) -> None:
    """As in a folder of before there were seals."""
    put(blobs, f"jobs/{books.job([1], start=False)}/in.csv", b"")
    books.job([1], start=False, given=False)
    seal.put(books.store, blobs)
    seal.check(books.store, blobs)


def test_blobs_that_lack_what_the_newest_job_needs_are_not(books: Books, blobs: LocalBlobs, tmp_path: Path) -> None:
    """As where nothing is mounted; until somebody says, by hand, that these shall be the blobs from now on."""
    job_id = books.job([1], start=False)
    with pytest.raises(StoreUnavailable, match=f"nothing of the job {job_id}.*{ROOT}"):
        seal.put(books.store, blobs)
    assert blobs.names("") == []
    put(blobs, "seal", ROOT.encode())
    seal.put(books.store, blobs)


def test_blobs_of_another_database_are_refused(books: Books, blobs: LocalBlobs) -> None:
    put(blobs, "seal", b"f" * 32)
    for look in (seal.put, seal.check):
        with pytest.raises(StoreUnavailable, match="another database"):
            look(books.store, blobs)
    assert get(blobs, "seal") == b"f" * 32
