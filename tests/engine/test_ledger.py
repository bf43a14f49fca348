"""The ledger: leases, epochs, counts and turns, one example of each."""

from collections.abc import Callable
from typing import Any

import pytest

from books import LEASE, Books, after, query
from races import attempt
from rota.domain.jobs import Status, Tally
from rota.engine import ledger
from rota.engine.ledger import Fenced, Grant, Result, Shown
from rota.operations import jobs
from rota.store.port import Store, Tx


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


def state(books: Books) -> list[list[dict[str, Any]]]:
    """All that a fenced runner might change."""
    with books.store.read() as tx:
        order = {"jobs": "id", "chunks": "job_id, first_row", "lanes": "account_id", "totals": "name", "events": "id"}
        return [query(tx, f"SELECT * FROM {table} ORDER BY {by}") for table, by in order.items()]


def beat(books: Books, grant: Grant, succeeded: int, failed: int = 0) -> Any:
    until = books.now() + LEASE
    return attempt(books.store, lambda tx: ledger.beat(tx, [Shown(grant.chunk, succeeded, failed)], lease_until=until))


def release(books: Books, grant: Grant) -> Any:
    return attempt(books.store, lambda tx: ledger.release(tx, [grant.chunk], now=books.now()))


def halve(books: Books, grant: Grant) -> Any:
    rest = after(grant.chunk, grant.chunk.row_count // 2)
    return attempt(books.store, lambda tx: ledger.halve(tx, grant, rest, now=books.now()))


def bury(books: Books, owner: str) -> Any:
    return attempt(books.store, lambda tx: ledger.bury(tx, owner, now=books.now()))


def halt_stalled(books: Books) -> Any:
    return attempt(books.store, lambda tx: ledger.halt_stalled(tx, now=books.now()))


def waits(books: Books) -> bool:
    with books.store.read() as tx:
        return ledger.is_waiting(tx, now=books.now())


def test_a_lease_gives_the_first_rows_of_the_job(books: Books) -> None:
    job_id = books.job([3, 2])
    grant = books.must_take("one")
    chunk = grant.chunk
    assert (chunk.job_id, chunk.first_row, chunk.row_count, chunk.start_byte, chunk.end_byte) == (job_id, 0, 3, 0, 30)
    assert (chunk.epoch, chunk.deaths) == (1, 0)
    assert grant.job == books.get(job_id)
    assert books.chunks(job_id)[0]["owner"] == "one"
    assert books.must_take("two").chunk.first_row == 3
    assert books.take("three") is None


@pytest.mark.parametrize("what", ["nothing", "pending", "stopping", "ended", "all leased"])
def test_there_is_nothing_to_lease(books: Books, what: str) -> None:
    if what != "nothing":
        job_id = books.job([1, 1], start=what != "pending")
    if what in {"stopping", "ended", "all leased"}:
        grants = [books.must_take(), books.must_take()] if what != "stopping" else [books.must_take()]
    if what == "stopping":
        attempt(books.store, lambda tx: books.stop(tx, job_id))
    if what == "ended":
        for grant in grants:
            books.settle(grant)
    assert not waits(books)
    assert books.take() is None
    books.check()


def test_what_waits_can_be_leased(books: Books) -> None:
    books.job([1])
    assert waits(books)
    books.must_take()
    assert not waits(books)
    books.pass_time()
    assert waits(books)
    assert books.must_take("two").chunk.epoch == 2


def test_a_beat_extends_the_lease_and_shows_counts(books: Books) -> None:
    job_id = books.job([5])
    grant = books.must_take()
    books.pass_time(LEASE - 100)
    assert beat(books, grant, 2, 1) is Status.EXECUTING
    assert books.counts(job_id) == (2, 1)
    books.pass_time(LEASE - 100)
    assert books.take("two") is None
    assert beat(books, grant, 3, 1) is Status.EXECUTING
    assert books.counts(job_id) == (3, 1)
    assert books.settle(grant, failed=1)
    assert books.counts(job_id) == (4, 1)
    books.check()


def test_a_late_beat_still_counts_when_nobody_took_over(books: Books) -> None:
    books.job([5])
    grant = books.must_take()
    books.pass_time()
    assert beat(books, grant, 1) is Status.EXECUTING
    assert books.take("two") is None


def test_a_beat_tells_of_a_stop(books: Books) -> None:
    job_id = books.job([5])
    grant = books.must_take()
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    assert beat(books, grant, 1) is Status.STOPPING


@pytest.mark.parametrize(
    ("total", "failed", "status"), [(3, 0, Status.SUCCESS), (3, 1, Status.PARTIAL), (3, 3, Status.FAILURE)]
)
def test_the_last_settle_ends_the_job(books: Books, total: int, failed: int, status: Status) -> None:
    job_id = books.job([total])
    assert books.settle(books.must_take(), failed=failed) is True
    job = books.get(job_id)
    assert (job.status, job.success_count, job.failure_count) == (status, total - failed, failed)
    assert job.ended_at == books.time
    books.check()


def test_a_settle_keeps_what_the_segments_weigh(books: Books) -> None:
    job_id = books.job([3])
    grant = books.must_take()
    attempt(
        books.store,
        lambda tx: ledger.settle(tx, grant.job, [Result(grant.chunk, Tally(2, 1, 30, 20, 10))], now=books.now()),
    )
    with books.store.read() as tx:
        (segment,) = tx.all("segments_of_job", job_id=job_id)
    assert {**segment} == {
        "first_row": 0,
        "row_count": 3,
        "epoch": 1,
        "success_count": 2,
        "failure_count": 1,
        "out_bytes": 30,
        "success_bytes": 20,
        "failed_bytes": 10,
    }


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_remainder_is_a_chunk_of_its_own(books: Books, done: int) -> None:
    job_id = books.job([4])
    assert books.settle(books.must_take(), done=done) is False
    assert books.counts(job_id) == (done, 0)
    books.check()
    rest = books.must_take("two")
    assert (rest.chunk.first_row, rest.chunk.row_count, rest.chunk.start_byte) == (done, 4 - done, done * 10)
    assert books.settle(rest)
    assert books.counts(job_id) == (4, 0)
    books.check()


def test_a_job_without_input_ends_with_its_one_chunk(books: Books) -> None:
    for counts, status in (((7, 0), Status.SUCCESS), ((0, 1), Status.FAILURE), ((7, 1), Status.PARTIAL)):
        job_id = books.job(given=False)
        grant, given = books.must_take(), Tally(*counts, 0, 0, 0)
        assert attempt(
            books.store, lambda tx, g=grant, t=given: ledger.settle(tx, g.job, [Result(g.chunk, t)], now=books.now())
        )
        assert (books.get(job_id).status, books.counts(job_id)) == (status, counts)


def test_a_released_chunk_is_as_if_it_had_never_been_held(books: Books) -> None:
    job_id = books.job([5])
    grant = books.must_take()
    beat(books, grant, 3, 1)
    assert release(books, grant) == [grant.chunk]
    assert books.counts(job_id) == (0, 0)
    books.check()
    again = books.must_take("two")
    assert (again.chunk.first_row, again.chunk.row_count, again.chunk.deaths) == (0, 5, 0)
    assert again.chunk.epoch > grant.chunk.epoch


def test_counts_of_a_silent_runner_are_taken_back_at_the_take_over(books: Books) -> None:
    job_id = books.job([5, 5])
    silent, other = books.must_take("silent"), books.must_take("other")
    beat(books, silent, 3, 1)
    beat(books, other, 2, 0)
    books.pass_time()
    assert beat(books, other, 2, 0) is Status.EXECUTING
    assert books.counts(job_id) == (5, 1)
    taken = books.must_take("two")
    assert taken.chunk.first_row == 0
    assert books.counts(job_id) == (2, 0)
    books.check()
    beat(books, taken, 5, 0)
    assert books.counts(job_id) == (7, 0)
    assert books.totals()["takeovers"] == 1
    assert "chunk.taken_over" in books.events(f"job:{job_id}")


@pytest.mark.parametrize("how", ["taken over", "buried", "recovered", "released", "halted", "broken", "deleted"])
def test_an_old_epoch_changes_nothing(books: Books, how: str) -> None:
    job_id = books.job([4, 4])
    zombie = books.must_take("server.0.zombie")
    beat(books, zombie, 1, 1)
    if how == "taken over":
        books.pass_time()
        books.must_take("two")
    elif how == "buried":
        assert bury(books, "server.0.zombie") == 1
    elif how == "recovered":
        assert attempt(books.store, lambda tx: ledger.recover(tx, "server.", now=books.now())) == 1
    elif how == "released":
        release(books, zombie)
    elif how == "broken":
        attempt(books.store, lambda tx: jobs.break_off(tx, job_id, "no reason", now=books.now()))
    else:
        attempt(books.store, lambda tx: books.stop(tx, job_id))
        books.pass_time()
        assert halt_stalled(books) == 1
        if how == "deleted":
            attempt(books.store, lambda tx: books.delete(tx, job_id))
    before = state(books)
    changes: dict[str, Callable[[], Any]] = {
        "beat": lambda: beat(books, zombie, 4),
        "settle": lambda: attempt(books.store, lambda tx: books.settle(zombie, tx=tx)),
        "settle a part": lambda: attempt(books.store, lambda tx: books.settle(zombie, done=2, tx=tx)),
        "release": lambda: release(books, zombie),
        "halve": lambda: halve(books, zombie),
        "check": lambda: attempt(books.store, lambda tx: ledger.check(tx, zombie.chunk)),
    }
    for name, change in changes.items():
        assert isinstance(change(), Fenced), name
        assert state(books) == before, name
    books.check()


def test_the_holder_passes_the_check(books: Books) -> None:
    books.job([1])
    grant = books.must_take()
    with books.store.read() as tx:
        ledger.check(tx, grant.chunk)


def test_a_settled_chunk_cannot_be_settled_again(books: Books) -> None:
    books.job([1, 1])
    grant = books.must_take()
    books.settle(grant)
    before = state(books)
    assert isinstance(attempt(books.store, lambda tx: books.settle(grant, tx=tx)), Fenced)
    assert state(books) == before


def test_a_death_is_noted_against_the_rows_that_were_held(books: Books) -> None:
    job_id = books.job([2, 2])
    books.must_take("dead")
    books.must_take("alive")
    for deaths in (1, 2, 3):
        assert bury(books, "dead") == 1
        grant = books.must_take("dead")
        assert (grant.chunk.first_row, grant.chunk.deaths) == (0, deaths)
    assert bury(books, "nobody") == 0
    assert books.totals()["runner_deaths"] == 4
    assert [chunk["owner"] for chunk in books.chunks(job_id)] == ["dead", "alive"]
    books.check()


def test_a_recovery_frees_what_this_server_held_and_blames_no_rows(books: Books) -> None:
    job_id = books.job([1] * 4)
    for owner in ("server.0.a", "server.1.b", "server2.0.c", "other.0.d"):
        books.must_take(owner)
    assert attempt(books.store, lambda tx: ledger.recover(tx, "server.", now=books.now())) == 2
    chunks = books.chunks(job_id)
    assert [chunk["owner"] for chunk in chunks] == [None, None, "server2.0.c", "other.0.d"]
    assert [chunk["deaths"] for chunk in chunks] == [0] * 4
    books.check()


@pytest.mark.parametrize("how", ["bury", "recover"])
def test_freeing_the_last_chunk_of_a_stopping_job_stops_it(books: Books, how: str) -> None:
    job_id = books.job([1, 1])
    books.must_take("server.0.dead")
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    assert books.get(job_id).status is Status.STOPPING
    if how == "bury":
        bury(books, "server.0.dead")
    else:
        attempt(books.store, lambda tx: ledger.recover(tx, "server.", now=books.now()))
    assert books.get(job_id).status is Status.STOPPED
    books.check()


def test_halving_finds_the_deadly_row_in_as_many_deaths_as_doublings(books: Books) -> None:
    job_id, deadly = books.job([64]), 37
    deaths = halved = 0
    while grant := books.take("runner"):
        chunk = grant.chunk
        if chunk.deaths and chunk.row_count > 1:
            halve(books, grant)
            halved += 1
        elif chunk.deaths >= 3:
            books.settle(grant, failed=1)
        elif chunk.first_row <= deadly < chunk.first_row + chunk.row_count:
            bury(books, "runner")
            deaths += 1
        else:
            books.settle(grant)
        books.check()
    # Six halvings of 64 rows, a death before each, and three on the single row.
    assert (halved, deaths) == (6, 9)
    assert books.counts(job_id) == (63, 1)
    assert books.events(f"job:{job_id}").count("chunk.halved") == 6


def test_halving_leaves_no_death_behind(books: Books) -> None:
    job_id = books.job([5])
    books.must_take("dead")
    bury(books, "dead")
    halve(books, books.must_take())
    chunks = books.chunks(job_id)
    assert [(chunk["first_row"], chunk["row_count"], chunk["deaths"]) for chunk in chunks] == [(0, 2, 0), (2, 3, 0)]
    books.check()


def test_halving_the_last_held_chunk_of_a_stopping_job_stops_it(books: Books) -> None:
    job_id = books.job([4])
    books.must_take("dead")
    bury(books, "dead")
    grant = books.must_take()
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    halve(books, grant)
    assert books.get(job_id).status is Status.STOPPED
    books.check()


def test_a_stalled_job_is_halted_with_what_is_settled(books: Books) -> None:
    job_id = books.job([2, 2, 2])
    books.settle(books.must_take())
    silent = books.must_take("silent")
    beat(books, silent, 1)
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    assert halt_stalled(books) == 0
    books.pass_time()
    assert halt_stalled(books) == 1
    assert (books.get(job_id).status, books.counts(job_id)) == (Status.STOPPED, (2, 0))
    assert halt_stalled(books) == 0
    books.check()


def test_a_job_is_not_stalled_while_one_of_its_runners_lives(books: Books) -> None:
    job_id = books.job([2, 2])
    books.must_take("silent")
    alive = books.must_take("alive")
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    books.pass_time()
    beat(books, alive, 1)
    assert halt_stalled(books) == 0
    books.settle(alive)
    # Only the silent one is left.
    assert books.get(job_id).status is Status.STOPPING
    assert halt_stalled(books) == 1
    assert books.counts(job_id) == (2, 0)
    books.check()


def test_a_broken_job_keeps_its_settled_rows_and_shows_no_others(books: Books) -> None:
    job_id = books.job([2, 2])
    books.settle(books.must_take(), failed=1)
    beat(books, books.must_take("two"), 2)
    attempt(books.store, lambda tx: jobs.break_off(tx, job_id, "no reason", now=books.now()))
    assert (books.get(job_id).status, books.counts(job_id)) == (Status.INTERNAL_ERROR, (1, 1))
    assert books.take() is None
    books.check()


def test_a_short_job_of_another_account_waits_for_one_chunk_at_most(books: Books) -> None:
    long, short = books.account(), books.account()
    books.job([1] * 1_000, long)
    for _ in range(5):
        books.must_take()
    short_id = books.job([1], short)
    assert short_id in {books.must_take().job.id for _ in range(2)}


def test_accounts_take_turns_whatever_the_number_of_their_jobs(books: Books) -> None:
    crowded, quiet = books.account(), books.account()
    for _ in range(5):
        books.job([1] * 4, crowded)
    books.job([1] * 20, quiet)
    turns = [books.must_take().job.account_id for _ in range(20)]
    assert turns[0::2] == [turns[0]] * 10
    assert turns[1::2] == [turns[1]] * 10
    assert turns[0] != turns[1]


def test_within_an_account_jobs_take_turns(books: Books) -> None:
    made = [books.job([1] * 3) for _ in range(3)]
    turns = [books.must_take().job.id for _ in range(9)]
    assert turns == made * 3


def test_an_account_that_was_away_does_not_catch_up(books: Books) -> None:
    first, second = books.account(), books.account()
    books.job([1], second)
    books.settle(books.must_take())
    books.job([1] * 20, first)
    for _ in range(5):
        books.must_take()
    books.job([1] * 20, second)
    turns = [books.must_take().job.account_id for _ in range(10)]
    assert turns.count(second.id) == 5


def test_an_account_with_nothing_to_lease_does_not_hold_up_the_next(books: Books) -> None:
    busy, other = books.account(), books.account()
    books.job([1], busy)
    books.must_take()
    job_id = books.job([1] * 2, other)
    assert [books.must_take().job.id for _ in range(2)] == [job_id] * 2
    assert books.take() is None


def test_an_ordered_job_runs_one_chunk_after_the_other(books: Books) -> None:
    job_id = books.job([2, 2, 2], ordered=True)
    seen = []
    while (grant := books.take()) is not None:
        assert books.take("two") is None
        assert not waits(books)
        seen.append(grant.chunk.first_row)
        if grant.chunk.row_count == 2:
            books.settle(grant, done=1)
        else:
            books.settle(grant)
    assert seen == [0, 1, 2, 3, 4, 5]
    assert books.get(job_id).status is Status.SUCCESS


def test_an_ordered_job_is_taken_over_where_it_stands(books: Books) -> None:
    books.job([1, 1], ordered=True)
    books.must_take("silent")
    books.pass_time()
    grant = books.must_take("two")
    assert grant.chunk.first_row == 0
    bury(books, "two")
    assert books.must_take("three").chunk.first_row == 0


def test_an_ordered_job_that_waits_lets_others_run(books: Books) -> None:
    ordered, other = books.job([1] * 3, ordered=True), books.job([1] * 3)
    taken = [books.must_take().job.id for _ in range(4)]
    assert sorted(taken) == sorted([ordered, other, other, other])
    assert books.take() is None


def test_the_engine_has_waited_since_the_last_turn_unless_a_lease_runs(books: Books) -> None:
    def since() -> int | None:
        with books.store.read() as tx:
            found: int | None = tx.value("engine_waiting_since", now=books.now())
            return found

    assert since() is None
    job_id = books.job([1, 1])
    assert since() == books.get(job_id).started_at
    books.must_take()
    assert since() is None
    books.pass_time()
    assert since() is not None
    attempt(books.store, lambda tx: books.stop(tx, job_id))
    assert since() is None


def test_a_lease_that_is_undone_was_never_given(books: Books) -> None:
    books.job([1])
    before = state(books)

    def take_and_fail(tx: Tx) -> None:
        assert books.take("one", tx)
        raise InterruptedError

    with pytest.raises(InterruptedError), books.store.write() as tx:
        take_and_fail(tx)
    assert state(books) == before
