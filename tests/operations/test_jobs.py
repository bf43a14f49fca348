"""Jobs: created, started, stopped, listed and deleted, each with its event in the same transaction."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from books import ROOT, Books, query
from races import at_once, attempt
from rota.domain.accounts import Account
from rota.domain.errors import JobAlreadyStarted, JobNotFound, JobNotRunning, JobRunning, Refusal
from rota.domain.jobs import Status, blob_prefix
from rota.operations import jobs
from rota.store.port import Store, Tx

Open = Callable[[], Store]


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


@pytest.fixture
def other(store: Store, open_store: Open) -> Store:
    return open_store()


def in_status(books: Books, status: Status) -> str:
    """A job that has come to this status by itself."""
    job_id = books.job([2], start=status is not Status.PENDING)
    if status in {Status.PENDING, Status.EXECUTING}:
        return job_id
    if status is Status.STOPPED:
        attempt(books.store, partial(books.stop, job_id=job_id))
        return job_id
    if status is Status.INTERNAL_ERROR:
        attempt(books.store, lambda tx: jobs.break_off(tx, job_id, "no reason", now=books.now()))
        return job_id
    grant = next(grant for grant in iter(books.take, None) if grant.job.id == job_id)
    if status is Status.STOPPING:
        attempt(books.store, partial(books.stop, job_id=job_id))
        return job_id
    books.settle(grant, failed={Status.SUCCESS: 0, Status.PARTIAL: 1, Status.FAILURE: 2}[status])
    return job_id


STATUSES = [status for status in Status if status is not Status.DELETED]
VERBS: dict[str, tuple[type[Refusal], dict[Status, Status]]] = {
    "start": (JobAlreadyStarted, {Status.PENDING: Status.EXECUTING}),
    "stop": (JobNotRunning, {Status.EXECUTING: Status.STOPPED}),
    "delete": (JobRunning, {each: each for each in STATUSES if each not in {Status.EXECUTING, Status.STOPPING}}),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_verb_is_done_or_refused_and_a_refusal_leaves_nothing(books: Books, status: Status, verb: str) -> None:
    job_id = in_status(books, status)
    before, events = books.get(job_id), books.events(f"job:{job_id}")
    assert before.status is status
    refusal, moves = VERBS[verb]
    answer = attempt(books.store, partial(getattr(books, verb), job_id=job_id))
    if status in moves:
        assert answer.status is moves[status]
        assert len(books.events(f"job:{job_id}")) > len(events)
    else:
        assert isinstance(answer, refusal)
        assert books.get(job_id) == before
        assert books.events(f"job:{job_id}") == events
    books.check()


def test_a_new_job_is_as_it_was_asked_for(books: Books) -> None:
    job = books.get(books.job([3, 2], start=False))
    assert (job.status, job.total_count, job.success_count, job.failure_count) == (Status.PENDING, 5, 0, 0)
    assert (job.header, job.out_header, job.rows_name, job.ordered) == (("word",), ("word", "error"), "in.csv", False)
    assert (job.account_id, job.auth_account_id, job.user_id) == (ROOT, ROOT, books.actor.user.id)
    assert job.started_at is job.ended_at is job.node is None
    assert [(chunk["first_row"], chunk["row_count"]) for chunk in books.chunks(job.id)] == [(0, 3), (3, 2)]
    books.check()


def test_a_job_without_input_has_one_chunk_without_rows(books: Books) -> None:
    job = books.get(books.job(given=False, start=False))
    assert (job.total_count, job.header, job.rows_name) == (None, (), None)
    assert [(chunk["first_row"], chunk["row_count"]) for chunk in books.chunks(job.id)] == [(0, 0)]


def test_a_life_is_told_by_its_times_and_events(books: Books) -> None:
    job_id = books.job([1], start=False)
    started_at = books.time + 1
    attempt(books.store, partial(books.start, job_id=job_id))
    assert (books.get(job_id).started_at, books.get(job_id).node) == (started_at, "here")
    books.settle(books.must_take())
    job = books.get(job_id)
    assert job.created_at < started_at < (job.ended_at or 0)
    attempt(books.store, partial(books.delete, job_id=job_id))
    kinds = ["job.created", "job.started", "chunk.settled", "job.ended", "job.deleted"]
    assert books.events(f"job:{job_id}") == kinds


def test_a_deleted_job_is_gone_with_its_chunks_and_its_blobs_may_go(books: Books) -> None:
    kept, gone = books.job([1], start=False), books.job([1, 1], start=False)
    attempt(books.store, partial(books.delete, job_id=gone))
    with books.store.read() as tx:
        assert jobs.load(tx, gone) is None
        assert {row["job_id"] for row in query(tx, "SELECT job_id FROM chunks")} == {kept}
        assert query(tx, "SELECT prefix FROM trash") == [{"prefix": blob_prefix(gone)}]


@pytest.mark.parametrize("place", ["above", "below", "beside"])
def test_a_job_of_another_account_is_not_found(books: Books, place: str) -> None:
    mine = books.account()
    wrong = {"above": books.root, "below": books.account(mine), "beside": books.account()}[place]
    job_id, actor = books.job([1], mine, start=False), books.actor
    changes: list[Callable[[Tx], Any]] = [
        partial(jobs.by_id, account=wrong, job_id=job_id),
        partial(jobs.start, actor=actor, account=wrong, job_id=job_id, node="", now=1),
        partial(jobs.stop, actor=actor, account=wrong, job_id=job_id, now=1),
        partial(jobs.delete, actor=actor, account=wrong, job_id=job_id, now=1),
    ]
    for change in changes:
        assert isinstance(attempt(books.store, change), JobNotFound)
    assert books.events(f"job:{job_id}") == ["job.created"]


@pytest.mark.parametrize("verb", ["create", *VERBS])
def test_a_transaction_that_fails_leaves_neither_change_nor_event(books: Books, verb: str) -> None:
    job_id = books.job([1], start=verb == "stop")
    events, totals, before = books.events(f"job:{job_id}"), books.totals(), books.get(job_id)
    order = jobs.Order("trial", "row", False, ("error",), None)
    root, actor = books.root, books.actor
    with pytest.raises(InterruptedError), books.store.write() as tx:
        if verb == "create":
            jobs.create(tx, actor, root, order, None, job_id="f" * 30, now=books.now())
        else:
            getattr(books, verb)(tx, job_id)
        raise InterruptedError
    assert books.get(job_id) == before
    assert books.events(f"job:{job_id}") == events
    assert books.events(f"job:{'f' * 30}") == []
    assert books.totals() == totals
    books.check()


def test_totals_count_what_was_done(books: Books) -> None:
    books.job([2, 2])
    books.settle(books.must_take(), failed=1)
    books.settle(books.must_take())
    books.job([1], start=False)
    done = {"jobs_created": 2, "jobs_ended": 1, "leases": 2, "chunks": 2, "rows_succeeded": 3, "rows_failed": 1}
    assert books.totals() == done


def page(books: Books, account: Account, limit: int, **tests: Any) -> jobs.Page:
    with books.store.read() as tx:
        return jobs.page(tx, account, tests, limit)


def before(key: str) -> dict[str, Any]:
    """The tests that go on after a page."""
    at, job_id = key.split("-")
    return {"before": True, "before_at": int(at), "before_id": job_id}


def test_pages_give_every_job_once_newest_first(books: Books) -> None:
    account = books.account()
    made = [books.job([1], account, start=False) for _ in range(7)]
    for limit in (1, 2, 3, 6, 7, 8):
        found, tests = [], {}
        while True:
            given = page(books, account, limit, **tests)
            found += [job.id for job in given.jobs]
            if given.next_key is None:
                break
            assert len(given.jobs) == limit
            tests = before(given.next_key)
        assert found == made[::-1]
    assert [job.id for job in page(books, account, 1000).jobs] == made[::-1]


def test_jobs_of_the_same_moment_are_told_apart(books: Books) -> None:
    made = []
    for _ in range(5):
        books.time -= books.time % 1_000 + 1
        made.append(books.job([1], start=False))
    with books.store.write() as tx:
        tx._connection.execute("UPDATE jobs SET created_at = 7")  # type: ignore[attr-defined]
    first = page(books, books.root, 2)
    rest = page(books, books.root, 1000, **before(first.next_key or ""))
    assert [job.id for job in (*first.jobs, *rest.jobs)] == sorted(made, reverse=True)


def test_a_list_shows_an_accounts_own_jobs_only(books: Books) -> None:
    parent = books.account()
    child = books.account(parent)
    mine = books.job([1], parent, start=False)
    books.job([1], child, start=False)
    books.job([1], start=False)
    assert [job.id for job in page(books, parent, 10).jobs] == [mine]


def test_filters_narrow_and_combine(books: Books) -> None:
    made = {status: in_status(books, status) for status in STATUSES}
    ids = {job_id: status for status, job_id in made.items()}

    def found(**tests: Any) -> set[Status]:
        return {ids[job.id] for job in page(books, books.root, 1000, **tests).jobs}

    assert found() == set(STATUSES)
    for status in STATUSES:
        assert found(status=status.value) == {status}
        assert found(status=status.value, action="row", category="trial") == {status}
    assert found(running=True) == {Status.EXECUTING, Status.STOPPING}
    assert found(action="no such") == found(category="no such") == set()
    at = books.get(made[Status.STOPPING]).created_at
    later, earlier = found(created_from=at), found(created_to=at)
    assert later | earlier == set(STATUSES)
    assert later & earlier == set()
    assert Status.STOPPING in later
    assert found(created_from=at, created_to=at + 1) == {Status.STOPPING}


def test_a_page_is_one_statement(books: Books, statements: list[str]) -> None:
    for _ in range(5):
        books.job([1], start=False)
    root = books.root
    statements.clear()
    page(books, root, 3)
    assert statements == ["jobs_page"]


def test_verbs_at_once_leave_a_job_in_one_piece(books: Books, other: Store) -> None:
    """Whoever comes first: one start and no delete, or one delete and no start; a stop only after a start."""
    actor, root = books.actor, books.root
    for _ in range(10):
        job_id = books.job([1], start=False)
        on = {"actor": actor, "account": root, "job_id": job_id, "now": books.now()}
        changes = [partial(jobs.start, node="here", **on), partial(jobs.delete, **on), partial(jobs.stop, **on)]
        runs = [partial(attempt, [books.store, other][index % 2], change) for index, change in enumerate(changes)]
        answers = at_once(*runs)
        started, deleted, stopped = (not isinstance(answer, Refusal) for answer in answers)
        with books.store.read() as tx:
            left = jobs.load(tx, job_id)
        if left is None:
            # A job that was started can be deleted only when it has been stopped before.
            assert deleted
            assert started == stopped
        else:
            assert started
            assert not deleted
            assert left.status is (Status.STOPPED if stopped else Status.EXECUTING)
        kinds = books.events(f"job:{job_id}")
        assert kinds.count("job.started") == started
        assert kinds.count("job.deleted") == deleted
        assert kinds.count("job.ended") == stopped
        books.check()


def test_a_stop_and_the_end_at_once_end_the_job_once(books: Books, other: Store) -> None:
    actor, root = books.actor, books.root
    for _ in range(10):
        job_id = books.job([1])
        grant, now = books.must_take(), books.now()
        stop = partial(jobs.stop, actor=actor, account=root, job_id=job_id, now=now)
        stopped, ended = at_once(
            partial(attempt, books.store, stop),
            partial(attempt, other, lambda tx, grant=grant: books.settle(grant, tx=tx)),
        )
        assert ended is True
        expected = Status.SUCCESS if isinstance(stopped, JobNotRunning) else Status.STOPPED
        assert books.get(job_id).status is expected
        assert books.counts(job_id) == (1, 0)
        assert books.events(f"job:{job_id}").count("job.ended") == 1
        books.check()
