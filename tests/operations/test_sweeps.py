"""Sweeps: what nothing refers to is removed, and nothing else."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest

from books import Books, spans
from races import attempt
from rota.domain.errors import StoreUnavailable
from rota.domain.jobs import segment_key
from rota.operations import jobs, sweeps
from rota.store.blobs import LocalBlobs
from rota.store.port import Blobs, Store


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


def put(blobs: LocalBlobs, *keys: str) -> None:
    for key in keys:
        with blobs.create(key) as upload:
            upload.write(b"bytes")
            upload.commit()


def test_blobs_of_deleted_jobs_go_and_all_others_stay(books: Books, blobs: LocalBlobs) -> None:
    kept, gone = books.job([1], start=False), books.job([1], start=False)
    for job_id in (kept, gone):
        put(blobs, f"jobs/{job_id}/in.csv", f"jobs/{job_id}/segments/000.1.out")
    attempt(books.store, partial(books.delete, job_id=gone))
    assert blobs.names(f"jobs/{gone}/") != []
    assert sweeps.empty_trash(books.store, blobs) == 1
    assert blobs.names("jobs/") == [f"jobs/{kept}/in.csv", f"jobs/{kept}/segments/000.1.out"]
    assert sweeps.empty_trash(books.store, blobs) == 0


def test_a_sweep_of_trash_that_dies_half_way_is_finished_by_the_next(books: Books, blobs: LocalBlobs) -> None:
    gone = [books.job([1], start=False) for _ in range(2)]
    for job_id in gone:
        put(blobs, f"jobs/{job_id}/in.csv")
        attempt(books.store, partial(books.delete, job_id=job_id))

    class Dying(LocalBlobs):
        def names(self, prefix: str) -> list[str]:
            if prefix == f"jobs/{gone[1]}/":
                raise InterruptedError
            return super().names(prefix)

    dying = Dying(blobs._root)
    with pytest.raises(InterruptedError):
        sweeps.empty_trash(books.store, dying)
    assert sweeps.empty_trash(books.store, blobs) == 1
    assert blobs.names("jobs/") == []


def test_segments_that_the_ledger_does_not_count_are_strays(books: Books, blobs: LocalBlobs) -> None:
    job_id = books.job([2, 2])
    zombie = books.must_take("zombie")
    books.pass_time()
    grants = [books.must_take("one"), books.must_take("one")]
    kept = [f"jobs/{job_id}/in.csv"]
    put(blobs, *kept)
    for grant in grants:
        for part in ("out", "success", "failed"):
            kept.append(segment_key(job_id, grant.chunk.first_row, grant.chunk.epoch, part))
            put(blobs, kept[-1])
        books.settle(grant, failed=1)
    stray = segment_key(job_id, zombie.chunk.first_row, zombie.chunk.epoch, "out")
    put(blobs, stray, f"jobs/{job_id}/segments/what.is.this")
    assert sweeps.remove_strays(books.store, blobs, job_id) == 2
    assert blobs.names("jobs/") == sorted(kept)


def test_orphans_are_uploads_without_a_key_and_blobs_without_a_job(books: Books, blobs: LocalBlobs) -> None:
    kept = books.job([1], start=False)
    put(blobs, f"jobs/{kept}/in.csv", "jobs/abc/in.csv", "jobs/abc/segments/1", "incoming/left-behind")
    with blobs.create("jobs/def/in.csv") as upload:
        upload.write(b"alive")
        assert sweeps.remove_orphans(books.store, blobs) == 3
        upload.commit()
        assert sweeps.remove_orphans(books.store, blobs) == 0
    assert blobs.names("jobs/") == [f"jobs/{kept}/in.csv", "jobs/def/in.csv"]
    assert blobs.names("incoming/") == []


def test_an_upload_that_becomes_a_job_during_the_sweep_is_spared(books: Books, blobs: LocalBlobs) -> None:
    """Its server commits the job and lets go of the upload between the sweep's first look and its last."""
    job_id = f"{books.made + 1:030x}"
    upload = blobs.create(f"jobs/{job_id}/in.csv")
    upload.write(b"bytes")
    upload.commit()

    class Meanwhile(LocalBlobs):
        def sweep(self, prefix: str, *spare: object) -> int:
            if prefix.startswith("jobs/"):
                assert books.job([1], start=False) == job_id
                upload.__exit__()
            return super().sweep(prefix, *spare)  # type: ignore[arg-type]

    assert sweeps.remove_orphans(books.store, Meanwhile(blobs._root)) == 0
    assert blobs.names("jobs/") == [f"jobs/{job_id}/in.csv"]


class Shared(LocalBlobs):
    """A store of blobs that cannot tell who lives."""

    def sweep(self, prefix: str, spare: Callable[[], bool] = lambda: False) -> int:
        gone = [key for key in self.names(prefix) if not spare()]
        if gone:
            self.delete(gone)
        return len(gone)


def make(books: Books, blobs: Blobs, job_id: str, *meanwhile: Callable[[], object]) -> None:
    """Make a job of its upload, in one transaction, and do something else before it is committed."""
    given = jobs.Input(("a",), spans([1]), 1, "in.csv", "")
    order, actor = jobs.Order("skel", "id1", False, ("a", "error"), None), books.actor
    with books.store.write() as tx:
        sweeps.hold(tx, blobs, job_id, [f"jobs/{job_id}/in.csv"])
        for act in meanwhile:
            act()
        jobs.create(tx, actor, actor.account, order, given, job_id=job_id, now=books.now())


JOB = "f" * 30


def test_a_job_whose_upload_was_swept_does_not_come_to_be(books: Books, blobs: LocalBlobs) -> None:
    """As when its server slept for a day between the two."""
    shared = Shared(blobs._root)
    put(blobs, f"jobs/{JOB}/in.csv")
    assert sweeps.remove_orphans(books.store, shared) == 1
    with pytest.raises(StoreUnavailable, match="swept"):
        make(books, blobs, JOB)
    with books.store.read() as tx:
        assert tx.one("job_exists", id=JOB) is None
        assert tx.all("trash_all") == []


def test_a_job_does_not_come_to_be_while_its_upload_is_being_swept(books: Books, blobs: LocalBlobs) -> None:
    put(blobs, f"jobs/{JOB}/in.csv")

    class Slow(Shared):
        def delete(self, keys: Iterable[str]) -> None:
            with pytest.raises(StoreUnavailable, match="swept"):
                make(books, blobs, JOB)
            super().delete(keys)

    assert sweeps.remove_orphans(books.store, Slow(blobs._root)) == 1
    assert blobs.names("jobs/") == []


def test_a_sweep_that_dies_leaves_the_rest_to_the_trash(books: Books, blobs: LocalBlobs) -> None:
    put(blobs, f"jobs/{JOB}/in.csv", f"jobs/{JOB}/rows.csv")

    class Dying(Shared):
        def delete(self, keys: Iterable[str]) -> None:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        sweeps.remove_orphans(books.store, Dying(blobs._root))
    with pytest.raises(StoreUnavailable, match="swept"):
        make(books, blobs, JOB)
    assert sweeps.empty_trash(books.store, blobs) == 1
    assert blobs.names("jobs/") == []


def test_a_sweep_waits_for_whoever_is_just_making_a_job_and_spares_it(
    books: Books, blobs: LocalBlobs, open_store: Callable[[], Store]
) -> None:
    """Two machines, two connections: the sweep has seen no job, and its last look comes before the job's commit."""
    put(blobs, f"jobs/{JOB}/in.csv")
    swept: list[int] = []
    sweeper = threading.Thread(target=lambda: swept.append(sweeps.remove_orphans(open_store(), Shared(blobs._root))))

    def begin() -> None:
        sweeper.start()
        sweeper.join(0.3)
        assert sweeper.is_alive(), "the sweep did not wait"

    make(books, blobs, JOB, begin)
    sweeper.join()
    assert swept == [0]
    assert blobs.names("jobs/") == [f"jobs/{JOB}/in.csv"]


def test_ids_are_asked_about_many_at_a_time(
    books: Books, blobs: LocalBlobs, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 3)
    kept = [books.job([1], start=False) for _ in range(7)]
    put(blobs, *(f"jobs/{job_id}/in.csv" for job_id in kept))
    statements.clear()
    assert sweeps.remove_orphans(books.store, blobs) == 0
    assert [name for name in statements if name in {"jobs_among", "job_exists"}] == ["jobs_among"] * 3


@pytest.fixture(autouse=True)
def nothing_is_left_open(blobs: LocalBlobs) -> Iterator[None]:
    yield
    assert blobs.names("incoming/") == []
