"""Many runners at once, each with a store of its own: every chunk is settled once, and nobody gets stuck."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

import pytest

from books import LEASE, ROW_BYTES, Books, query, tally
from races import at_once
from rota.domain.events import Kind
from rota.domain.jobs import Status
from rota.engine import ledger
from rota.engine.ledger import Fenced, Grant, Result
from rota.store.port import Store, Tx

Open = Callable[[], Store]
RUNNERS, JOBS, CHUNKS = 4, 3, 60


class Crowd:
    """Runners that settle and take in one transaction, as the real ones do, until all jobs have ended. The first takes
    one chunk at a time, the second up to two, and so on."""

    def __init__(self, books: Books, job_ids: list[str]) -> None:
        self.books, self.job_ids = books, job_ids
        self.given: list[tuple[str, int, int]] = []
        self.settled: list[tuple[str, int]] = []
        self.lock = threading.Lock()
        self.failed = threading.Event()

    def now(self) -> int:
        with self.lock:
            return self.books.now()

    def take(self, tx: Tx, owner: str) -> Grant | None:
        now, most = self.now(), int(owner.rpartition(".")[2]) + 1
        return ledger.take(tx, owner, lease_until=now + LEASE, now=now, most=lambda job, chunk: most)

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """The others would wait for ever for the rows of one that failed."""
        try:
            yield
        except BaseException:
            self.failed.set()
            raise

    def run(self, store: Store, owner: str) -> None:
        with self.all_or_none():
            self.work(store, owner)

    def work(self, store: Store, owner: str) -> None:
        grant: Grant | None = None
        while grant or not self.is_over(store):
            try:
                with store.write() as tx:
                    if grant:
                        self.settle(tx, grant)
                    following = self.take(tx, owner)
            except Fenced:
                self.settle_each(store, grant)
                grant = None
                continue
            self.note(grant, following)
            grant = following

    def settle_each(self, store: Store, grant: Grant | None) -> None:
        """One of them is lost; the others count."""
        for chunk in grant.chunks if grant and len(grant.chunks) > 1 else ():
            alone = replace(grant, chunks=(chunk,))
            with suppress(Fenced):
                with store.write() as tx:
                    self.settle(tx, alone)
                self.note(alone, None)

    def disturb(self, store: Store) -> None:
        for turn in range(40):
            with store.write() as tx:
                if turn % 20 == 19:
                    self.stop_if_running(tx, self.job_ids[turn // 20])
                elif turn % 3 == 0:
                    ledger.bury(tx, f"runner.{turn % RUNNERS}", now=self.now())
                elif turn % 3 == 1:
                    ledger.recover(tx, "runner.", now=self.now())
                else:
                    ledger.halt_stalled(tx, now=self.now())

    def stop_if_running(self, tx: Tx, job_id: str) -> None:
        if tx.value("job_lock", id=job_id) == Status.EXECUTING:
            self.books.stop(tx, job_id)

    def settle(self, tx: Tx, grant: Grant) -> None:
        odd = [(chunk, chunk.first_row % 2) for chunk in grant.chunks]
        results = [Result(chunk, tally(chunk.row_count - failed, failed)) for chunk, failed in odd]
        ledger.settle(tx, grant.job, results, now=self.now())

    def note(self, settled: Grant | None, following: Grant | None) -> None:
        with self.lock:
            for chunk in settled.chunks if settled else ():
                self.settled.append((chunk.job_id, chunk.first_row))
            for chunk in following.chunks if following else ():
                self.given.append((chunk.job_id, chunk.first_row, chunk.epoch))

    def is_over(self, store: Store) -> bool:
        if self.failed.is_set():
            return True
        with store.read() as tx:
            return query(tx, "SELECT 1 AS n FROM jobs WHERE status IN ('executing', 'stopping')") == []


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


@pytest.fixture
def stores(store: Store, open_store: Open) -> list[Store]:
    return [store, *(open_store() for _ in range(RUNNERS - 1))]


@pytest.mark.parametrize("ordered", [False, True], ids=["parallel", "ordered"])
@pytest.mark.parametrize("accounts", [1, JOBS])
def test_every_chunk_is_settled_once(books: Books, stores: list[Store], accounts: int, ordered: bool) -> None:
    places = [books.account() for _ in range(accounts)]
    job_ids = [books.job([3] * CHUNKS, places[number % accounts], ordered=ordered) for number in range(JOBS)]
    crowd = Crowd(books, job_ids)
    at_once(*(partial(crowd.run, store, f"runner.{number}") for number, store in enumerate(stores)))
    expected = sorted((job_id, 3 * number) for job_id in job_ids for number in range(CHUNKS))
    assert sorted(crowd.settled) == expected
    assert sorted(crowd.given) == [(*key, 1) for key in expected]
    for job_id in job_ids:
        assert books.get(job_id).status is Status.PARTIAL
        assert books.counts(job_id) == (CHUNKS * 3 - CHUNKS // 2, CHUNKS // 2)
        if ordered:
            assert settled_in_order(books.store, job_id) == [3 * n for n in range(CHUNKS)]
    totals = books.totals()
    assert (totals["chunks"], totals["leases"], totals["jobs_ended"]) == (JOBS * CHUNKS, JOBS * CHUNKS, JOBS)
    books.check()


def settled_in_order(store: Store, job_id: str) -> list[int]:
    """First rows, as the log has them: threads that have settled note it down in whatever order they wake."""
    with store.read() as tx:
        events = tx.all("events_of_subject", subject=f"job:{job_id}")
    return [json.loads(event["facts"])["first_row"] for event in events if event["kind"] == Kind.CHUNK_SETTLED]


def test_an_ordered_job_has_one_chunk_out_at_any_time(books: Books, stores: list[Store]) -> None:
    job_id = books.job([1] * 30, ordered=True)
    crowd = Crowd(books, [job_id])
    out: list[int] = []
    seen: list[int] = []

    def run(store: Store, owner: str) -> None:
        with crowd.all_or_none():
            while not crowd.is_over(store):
                with store.write() as tx:
                    grant = crowd.take(tx, owner)
                if grant is None:
                    continue
                out.append(1)
                seen.append(grant.chunk.first_row)
                assert len(out) == 1
                out.pop()
                with store.write() as tx:
                    crowd.settle(tx, grant)

    at_once(*(partial(run, store, f"runner.{number}") for number, store in enumerate(stores)))
    assert seen == list(range(30))
    books.check()


def test_stops_deaths_and_sweeps_among_running_runners(books: Books, stores: list[Store]) -> None:
    """Three runners work; the fourth stops jobs, buries the living, halts and recovers. Nothing is lost or doubled."""
    places = [books.account() for _ in range(2)]
    job_ids = [books.job([2] * 30, places[number % 2]) for number in range(6)]
    crowd = Crowd(books, job_ids)
    runners = [partial(crowd.run, store, f"runner.{number}") for number, store in enumerate(stores[1:])]
    at_once(partial(crowd.disturb, stores[0]), *runners)
    assert len(set(crowd.settled)) == len(crowd.settled)
    books.check()
    for job_id in job_ids:
        settled = sorted(row for key, row in crowd.settled if key == job_id)
        assert settled == [chunk["first_row"] for chunk in books.chunks(job_id) if chunk["state"] == "settled"]
        if books.get(job_id).status is not Status.STOPPED:
            assert settled == [2 * number for number in range(30)]
            assert books.chunks(job_id)[-1]["end_byte"] == 60 * ROW_BYTES
