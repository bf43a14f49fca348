"""Two transactions of the ledger that meet, in every order that matters: nothing is lost, doubled or stuck."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from books import Books, query
from races import at_once, attempt, overlap
from rota.domain.errors import JobAlreadyStarted, JobNotFound, JobNotRunning, JobRunning
from rota.domain.jobs import Status, blob_prefix
from rota.engine import ledger
from rota.engine.ledger import Fenced, Grant
from rota.operations import jobs
from rota.store.port import Store, Tx

Open = Callable[[], Store]


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


@pytest.fixture
def other(store: Store, open_store: Open) -> Store:
    """The same database, as another process has it."""
    return open_store()


def test_of_two_last_settles_the_later_ends_the_job(books: Books, other: Store) -> None:
    job_id = books.job([2, 3])
    one, two = books.must_take("one"), books.must_take("two")
    ends = overlap(books.store, lambda tx: books.settle(one, tx=tx), other, lambda tx: books.settle(two, 1, tx=tx))
    assert ends == (False, True)
    assert books.get(job_id).status is Status.PARTIAL
    books.check()


def test_a_start_that_meets_the_end_of_its_neighbour_keeps_the_lane(books: Books, other: Store) -> None:
    books.job([1])
    waiting, last = books.job([1], start=False), books.must_take()
    overlap(books.store, lambda tx: books.start(tx, waiting), other, lambda tx: books.settle(last, tx=tx))
    books.check()
    assert books.must_take().job.id == waiting


def test_an_end_that_meets_the_start_of_its_neighbour_leaves_a_lane(books: Books, other: Store) -> None:
    books.job([1])
    waiting, last = books.job([1], start=False), books.must_take()
    overlap(books.store, lambda tx: books.settle(last, tx=tx), other, lambda tx: books.start(tx, waiting))
    books.check()
    assert books.must_take().job.id == waiting


def test_a_start_that_is_undone_leaves_the_lane_to_be_closed(books: Books, other: Store) -> None:
    books.job([1])
    waiting, last = books.job([1], start=False), books.must_take()

    def start_in_vain(tx: Tx) -> None:
        books.start(tx, waiting)

    def fail(tx: Tx) -> None:
        raise JobNotFound("changed its mind")

    overlap(books.store, start_in_vain, other, lambda tx: books.settle(last, tx=tx), then=fail)
    assert books.get(waiting).status is Status.PENDING
    books.check()


def settle_and_take(books: Books, grant: Grant) -> Callable[[Tx], Any]:
    def change(tx: Tx) -> Any:
        books.settle(grant, tx=tx)
        return books.take("next", tx)

    return change


def test_runners_that_settle_and_take_crosswise_do_not_wait_for_each_other(books: Books, other: Store) -> None:
    for _ in range(2):
        books.job([1] * 4, books.account())
    # Whoever settles first will be given the account served longest ago, which is the other's.
    two, one = books.must_take("two"), books.must_take("one")
    assert one.job.id != two.job.id
    taken = overlap(
        books.store,
        lambda tx: books.settle(one, tx=tx),
        other,
        settle_and_take(books, two),
        then=lambda tx: books.take("one", tx),
    )
    # The job in the other's hand is passed over, and nobody goes away empty-handed.
    assert [grant.chunk.row_count for grant in taken] == [1, 1]
    books.check()


def test_runners_that_end_jobs_and_take_over_crosswise_do_not_wait_for_each_other(books: Books, other: Store) -> None:
    first, second = books.account(), books.account()
    for account in (first, second):
        books.job([1], account)
        books.job([1, 1], account)
    held = [books.must_take("silent") for _ in range(4)]
    short = [grant for grant in held if grant.job.total_count == 1]
    assert [grant.job.account_id for grant in short] == [first.id, second.id]
    books.pass_time()
    overlap(
        books.store,
        lambda tx: books.settle(short[0], tx=tx),
        other,
        settle_and_take(books, short[1]),
        then=lambda tx: books.take("one", tx),
    )
    books.check()
    books.drain()
    books.check()


def test_a_take_over_that_meets_an_end_in_the_same_account_does_not_deadlock(books: Books, other: Store) -> None:
    account = books.account()
    books.job([1], account)
    books.job([1, 1], account)
    held = [books.must_take("silent") for _ in range(3)]
    books.pass_time()
    overlap(
        books.store,
        lambda tx: books.settle(held[0], tx=tx),
        other,
        lambda tx: books.take("two", tx),
        then=lambda tx: books.take("one", tx),
    )
    books.check()


@pytest.mark.parametrize("hold", ["halt", "break_off"])
def test_an_end_from_outside_waits_for_the_job_before_it_touches_chunks(books: Books, other: Store, hold: str) -> None:
    job_id = books.job([2, 2])
    grant = books.must_take()
    if hold == "halt":
        attempt(books.store, lambda tx: books.stop(tx, job_id))
        end = partial(jobs.halt, job_id=job_id, now=books.now())
    else:
        end = partial(jobs.break_off, job_id=job_id, reason="no reason", now=books.now())
    overlap(
        books.store,
        lambda tx: tx.one("job_lock", id=job_id),
        other,
        end,
        then=lambda tx: books.settle(grant, tx=tx),
    )
    assert books.get(job_id).is_final
    assert books.counts(job_id) == (2, 0)
    books.check()


def test_a_recovery_of_many_jobs_does_not_deadlock_with_a_settle(books: Books, other: Store) -> None:
    for _ in range(2):
        books.job([1, 1], books.account())
    grants = [books.must_take("server.0.a"), books.must_take("other.0.b")]
    books.must_take("server.1.a")
    overlap(
        books.store,
        lambda tx: books.settle(grants[1], tx=tx),
        other,
        lambda tx: ledger.recover(tx, "server.", now=books.now()),
        then=lambda tx: books.take("other.0.b", tx),
    )
    books.check()
    books.pass_time()
    books.drain()
    assert {books.get(job_id).status for job_id in books.jobs_made} == {Status.SUCCESS}


def test_halting_many_jobs_does_not_deadlock_with_an_end(books: Books, other: Store) -> None:
    stalled = [books.job([1], books.account()) for _ in range(2)]
    for job_id in stalled:
        books.must_take("silent")
        attempt(books.store, partial(books.stop, job_id=job_id))
    books.pass_time()
    both = partial(ledger.halt_stalled, now=books.now())
    # Both see two stalled jobs; the later finds them stopped, and ends nothing a second time.
    overlap(books.store, both, other, both)
    assert [books.get(job_id).status for job_id in stalled] == [Status.STOPPED] * 2
    assert books.totals()["jobs_ended"] == 2
    books.check()


def test_a_stop_that_meets_the_last_settle_stops_the_job_with_its_rows(books: Books, other: Store) -> None:
    job_id = books.job([2])
    grant = books.must_take()
    overlap(books.store, lambda tx: books.stop(tx, job_id), other, lambda tx: books.settle(grant, tx=tx))
    assert books.get(job_id).status is Status.STOPPED
    assert books.counts(job_id) == (2, 0)
    books.check()


def test_the_last_settle_that_meets_a_stop_wins(books: Books, other: Store) -> None:
    job_id = books.job([2])
    grant = books.must_take()
    ended, stopped = overlap(
        books.store, lambda tx: books.settle(grant, tx=tx), other, lambda tx: books.stop(tx, job_id)
    )
    assert ended is True
    assert isinstance(stopped, JobNotRunning)
    assert books.get(job_id).status is Status.SUCCESS
    books.check()


def test_a_take_that_meets_a_stop_gets_nothing(books: Books, other: Store) -> None:
    job_id = books.job([2])
    _, grant = overlap(books.store, lambda tx: books.stop(tx, job_id), other, lambda tx: books.take("two", tx))
    assert grant is None
    assert books.get(job_id).status is Status.STOPPED
    books.check()


def test_a_stop_that_meets_a_take_waits_for_the_runner(books: Books, other: Store) -> None:
    job_id = books.job([2])
    grant, _ = overlap(books.store, lambda tx: books.take("one", tx), other, lambda tx: books.stop(tx, job_id))
    assert books.get(job_id).status is Status.STOPPING
    assert books.settle(grant)
    assert books.get(job_id).status is Status.STOPPED


def test_a_chunk_that_is_taken_over_during_its_settle_is_settled_once(books: Books, other: Store) -> None:
    job_id = books.job([2])
    grant = books.must_take("slow")
    books.pass_time()
    ended, taken = overlap(books.store, lambda tx: books.settle(grant, tx=tx), other, lambda tx: books.take("two", tx))
    assert (ended, taken) == (True, None)
    assert books.counts(job_id) == (2, 0)


def test_a_settle_that_meets_the_take_over_is_fenced(books: Books, other: Store) -> None:
    job_id = books.job([2])
    grant = books.must_take("slow")
    books.pass_time()
    taken, settled = overlap(
        books.store, lambda tx: books.take("two", tx), other, lambda tx: books.settle(grant, tx=tx)
    )
    assert isinstance(settled, Fenced)
    assert books.counts(job_id) == (0, 0)
    assert books.settle(taken)
    assert books.counts(job_id) == (2, 0)


@pytest.mark.parametrize("order", ["start first", "delete first"])
def test_of_a_start_and_a_delete_that_meet_one_succeeds(books: Books, other: Store, order: str) -> None:
    job_id = books.job([1], start=False)
    actor, root = books.actor, books.root
    both = [
        lambda tx: jobs.start(tx, actor, root, job_id, node="here", now=books.now()),
        lambda tx: jobs.delete(tx, actor, root, job_id, now=books.now()),
    ]
    if order == "start first":
        started, deleted = overlap(books.store, both[0], other, both[1])
        assert isinstance(deleted, JobRunning)
        assert started.status is Status.EXECUTING
    else:
        deleted, started = overlap(books.store, both[1], other, both[0])
        assert isinstance(started, JobNotFound)
        assert deleted.status is Status.PENDING
    books.check()


def test_of_two_deletes_that_meet_the_later_finds_no_job(books: Books, other: Store) -> None:
    job_id = books.job([1], start=False)
    actor, root = books.actor, books.root
    delete = partial(jobs.delete, actor=actor, account=root, job_id=job_id, now=books.now())
    _, later = overlap(books.store, delete, other, delete)
    assert isinstance(later, JobNotFound)
    assert books.events(f"job:{job_id}") == ["job.created", "job.deleted"]
    with books.store.read() as tx:
        assert query(tx, "SELECT prefix FROM trash") == [{"prefix": blob_prefix(job_id)}]


def test_of_two_starts_at_once_one_succeeds(books: Books, other: Store) -> None:
    actor, root = books.actor, books.root
    for _ in range(10):
        job_id = books.job([1], start=False)
        start = partial(jobs.start, actor=actor, account=root, job_id=job_id, node="here", now=books.now())
        answers = at_once(*(partial(attempt, store, start) for store in (books.store, other)))
        assert sorted(type(answer).__name__ for answer in answers) == ["Job", JobAlreadyStarted.__name__]
        assert books.events(f"job:{job_id}") == ["job.created", "job.started"]
    books.check()


def test_an_ordered_job_never_has_two_chunks_out(books: Books, other: Store) -> None:
    books.job([1, 1, 1], ordered=True)
    first, second = overlap(books.store, lambda tx: books.take("one", tx), other, lambda tx: books.take("two", tx))
    assert first.chunk.first_row == 0
    assert second is None
    settled, third = overlap(
        books.store, lambda tx: books.settle(first, tx=tx), other, lambda tx: books.take("two", tx)
    )
    assert settled is False
    assert third is None or third.chunk.first_row == 1
