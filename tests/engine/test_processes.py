"""What happens to rows when processes die, freeze, drain or are told to stop: real processes, real signals."""

import os
import signal
from collections.abc import Callable

import pytest

from engine.conftest import Workers
from rota.domain.jobs import STOPPED_DURING_ROW, WORKER_DIED, Status
from support import House, wait_until

Start = Callable[[int], Workers]


def table(words: list[str]) -> bytes:
    return ("word\n" + "".join(f"{word}\n" for word in words)).encode()


def numbered(count: int, every: int = 0, special: str = "") -> list[str]:
    return [special if every and index % every == every - 1 else f"w{index}" for index in range(count)]


def done(house: House, job_id: str) -> int:
    job = house.job(job_id)
    return job.success_count + job.failure_count


def check_whole(house: House, job_id: str, words: list[str]) -> None:
    """Output rows equal input rows, in order, none twice; counts equal lines; nothing else is left behind."""
    job, lines = house.job(job_id), house.lines(job_id)
    assert [line[0] for line in lines] == words
    assert job.success_count == len(house.lines(job_id, "success"))
    assert job.failure_count == len(house.lines(job_id, "failed"))
    assert job.success_count + job.failure_count == len(words) == job.total_count
    with house.store.read() as tx:
        settled = tx.all("segments_of_job", job_id=job_id)
    epochs = {f"{row['first_row']:012d}.{row['epoch']}" for row in settled}
    names = house.blobs.names(f"jobs/{job_id}/segments/")
    assert {name.rsplit("/")[-1].rsplit(".", 1)[0] for name in names} == epochs
    wait_until(lambda: house.blobs.names("incoming/") == [], "the sweep of what the dead were writing")


def test_every_row_comes_out_once_and_in_order(house: House, start_workers: Start) -> None:
    words = numbered(5_000, every=7, special="refuse")
    job_id = house.submit("trial.row", table(words))
    start_workers(2)
    assert house.wait(job_id).status is Status.PARTIAL
    check_whole(house, job_id, words)


def test_a_row_that_kills_its_worker_is_found_and_the_rest_goes_on(house: House, start_workers: Start) -> None:
    words = [*numbered(300), "die", *numbered(100)]
    job_id = house.submit("trial.row", table(words))
    start_workers(2)
    job = house.wait(job_id)
    assert (job.success_count, job.failure_count) == (400, 1)
    assert house.lines(job_id, "failed") == [["die", "", WORKER_DIED]]
    check_whole(house, job_id, words)


@pytest.mark.soak
def test_of_a_bunch_only_the_row_is_blamed_that_kills(house: House, start_workers: Start) -> None:
    words = [*numbered(60), "die", *numbered(60)]
    job_id = house.submit("trial.small", table(words))
    start_workers(1)
    house.wait(job_id)
    assert house.lines(job_id, "failed") == [["die", WORKER_DIED]]
    check_whole(house, job_id, words)
    with house.store.read() as tx:
        died = [chunk["first_row"] for chunk in tx.all("chunks_of_job", job_id=job_id) if chunk["deaths"] == 3]
    assert died == [60]


def test_a_killed_runner_is_replaced_and_its_rows_are_run_again(house: House, start_workers: Start) -> None:
    words = numbered(200, every=2, special="wait")
    job_id = house.submit("trial.row", table(words))
    workers = start_workers(2)
    wait_until(lambda: done(house, job_id) > 0, "a first row")
    os.kill(workers.runners()[0], signal.SIGKILL)
    house.wait(job_id)
    check_whole(house, job_id, words)


def test_killing_the_whole_group_loses_nothing(house: House, start_workers: Start) -> None:
    words = numbered(120, every=2, special="wait")
    job_id = house.submit("trial.row", table(words))
    for progress in (5, 40, 80):
        workers = start_workers(2)
        wait_until(lambda p=progress: done(house, job_id) >= p or house.job(job_id).is_final, "progress")  # type: ignore[misc]
        workers.kill()
    start_workers(2)
    house.wait(job_id)
    check_whole(house, job_id, words)


def test_a_frozen_runner_is_taken_over_and_its_late_settle_does_not_count(house: House, start_workers: Start) -> None:
    words = numbered(60, every=2, special="wait")
    job_id = house.submit("trial.batch", table(words))
    workers = start_workers(2)
    wait_until(lambda: done(house, job_id) > 0, "a first row")
    frozen = workers.runners()[0]
    os.kill(frozen, signal.SIGSTOP)
    house.wait(job_id)
    if frozen in workers.runners():
        os.kill(frozen, signal.SIGCONT)
    check_whole(house, job_id, words)


def test_a_frozen_only_runner_is_replaced(house: House, start_workers: Start) -> None:
    words = numbered(40, every=2, special="wait")
    job_id = house.submit("trial.row", table(words))
    workers = start_workers(1)
    wait_until(lambda: done(house, job_id) > 0, "a first row")
    os.kill(workers.runners()[0], signal.SIGSTOP)
    house.wait(job_id)
    check_whole(house, job_id, words)


def test_a_group_that_was_suspended_goes_on_where_it_was(house: House, start_workers: Start) -> None:
    words = numbered(60, every=2, special="wait")
    job_id = house.submit("trial.row", table(words))
    workers = start_workers(2)
    wait_until(lambda: done(house, job_id) > 0, "a first row")
    workers.signal_group(signal.SIGSTOP)
    workers.signal_group(signal.SIGCONT)
    house.wait(job_id)
    check_whole(house, job_id, words)


def test_a_drain_settles_the_rows_in_hand_and_exits_with_0(house: House, start_workers: Start) -> None:
    words = numbered(160, every=2, special="wait")
    job_id = house.submit("trial.row", table(words))
    workers = start_workers(1)
    wait_until(lambda: done(house, job_id) >= 3, "some rows")
    assert workers.drain() == 0
    assert house.job(job_id).status is Status.EXECUTING
    before = len(house.lines(job_id))
    assert 3 <= before < 160
    with house.store.read() as tx:
        assert [chunk["state"] for chunk in tx.all("chunks_of_job", job_id=job_id)].count("leased") == 0
    start_workers(2)
    house.wait(job_id)
    check_whole(house, job_id, words)


def test_a_stop_keeps_the_rows_done_so_far(house: House, start_workers: Start) -> None:
    words = numbered(2_000, every=1, special="wait")
    job_id = house.submit("trial.row", table(words))
    start_workers(2)
    wait_until(lambda: done(house, job_id) >= 3, "some rows")
    house.stop(job_id)
    job = house.wait(job_id)
    assert job.status is Status.STOPPED
    assert 3 <= job.success_count == len(house.lines(job_id)) < 2_000
    with house.store.read() as tx:
        rest = tx.all("unprocessed_of_job", job_id=job_id)
    assert sum(chunk["row_count"] for chunk in rest) == 2_000 - job.success_count


def test_a_stop_does_not_wait_for_a_row_that_will_not_end(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.row", table(["a", "b", "stick", "c"]))
    start_workers(1)
    wait_until(lambda: done(house, job_id) == 2, "the rows before")
    house.stop(job_id)
    job = house.wait(job_id)
    assert (job.status, job.success_count, job.failure_count) == (Status.STOPPED, 2, 1)
    assert house.lines(job_id, "failed") == [["stick", "", STOPPED_DURING_ROW]]
    second = house.submit("trial.row", table(["ok"]))
    assert house.wait(second).status is Status.SUCCESS


def test_counts_are_shown_while_a_chunk_is_still_in_hand(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.row", table(["ok", "ok", "stick"]))
    start_workers(1)
    wait_until(lambda: done(house, job_id) == 2, "live counts")
    assert house.lines(job_id) == []


def test_a_chunk_of_slow_rows_is_shared_between_the_runners(house: House, start_workers: Start) -> None:
    words = ["wait"] * 150
    job_id = house.submit("trial.row", table(words))
    with house.store.read() as tx:
        assert len(tx.all("chunks_of_job", job_id=job_id)) == 1
    start_workers(2)
    house.wait(job_id)
    check_whole(house, job_id, words)
    with house.store.read() as tx:
        assert len(tx.all("chunks_of_job", job_id=job_id)) > 2


def test_slow_rows_of_one_account_do_not_keep_the_only_runner_from_another(house: House, start_workers: Start) -> None:
    from rota.clock import new_id, now
    from rota.operations import accounts

    with house.store.write() as tx:
        other = accounts.add_account(tx, house.actor, "other", None, account_id=new_id(32), now=now())
    long = house.submit("trial.row", table(["wait"] * 1_000))
    start_workers(1)
    wait_until(lambda: done(house, long) > 0, "the slow rows to run")
    house.wait(house.submit("trial.row", table(["ok"]), account=other))
    assert done(house, long) < 500


def test_effects_in_our_own_tables_happen_once_whatever_is_killed(house: House, start_workers: Start) -> None:
    words = numbered(300, every=10, special="wait")
    job_id = house.submit("trial.write", table(words))
    for progress in (20, 100):
        workers = start_workers(2)
        wait_until(lambda p=progress: done(house, job_id) >= p, "progress")  # type: ignore[misc]
        workers.kill()
    start_workers(2)
    house.wait(job_id)
    check_whole(house, job_id, words)
    with house.store.read() as tx:
        totals = {row["name"]: row["amount"] for row in tx.all("totals_all")}
    assert totals["trial_wait"] == 30
    assert all(totals[f"trial_{word}"] == 1 for word in words if word != "wait")


def test_ordered_chunks_run_one_after_the_other(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.ordered", table(numbered(100)))
    start_workers(2)
    house.wait(job_id)
    at = [int(line[1]) for line in house.lines(job_id)]
    assert at == sorted(at)


def test_a_short_job_is_not_stuck_behind_a_long_one_of_another_account(house: House, start_workers: Start) -> None:
    from rota.clock import new_id, now
    from rota.operations import accounts

    with house.store.write() as tx:
        other = accounts.add_account(tx, house.actor, "other", None, account_id=new_id(32), now=now())
    long = house.submit("trial.batch", table(["wait"] * 20_000))
    start_workers(2)
    wait_until(lambda: done(house, long) > 0, "the long job to run")
    short = house.submit("trial.batch", table(["ok"]), account=other)
    house.wait(short)
    assert not house.job(long).is_final
    assert done(house, long) < 10_000


def test_a_generator_writes_its_lines_and_has_no_total(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.lines", None)
    start_workers(1)
    job = house.wait(job_id)
    assert (job.status, job.total_count, job.success_count) == (Status.SUCCESS, None, 50)
    assert house.lines(job_id)[:3] == [["0", "true"], ["1", "false"], ["2", "true"]]


def test_an_endless_generator_can_be_stopped_and_keeps_its_lines(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.endless", None)
    start_workers(1)
    wait_until(lambda: done(house, job_id) > 3, "lines")
    house.stop(job_id)
    job = house.wait(job_id)
    assert job.status is Status.STOPPED
    assert len(house.lines(job_id)) == job.success_count > 3


def test_a_generator_that_kills_its_worker_ends_the_job(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.deadly", None)
    start_workers(1)
    assert house.wait(job_id).status is Status.INTERNAL_ERROR


def test_a_refused_generator_is_a_failure(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.closed", None)
    start_workers(1)
    job = house.wait(job_id)
    assert (job.status, job.success_count, job.failure_count) == (Status.FAILURE, 0, 1)


def test_a_crash_ends_the_job_where_the_action_says_so(house: House, start_workers: Start) -> None:
    job_id = house.submit("trial.fatal", table(["ok", "crash", "ok"]))
    start_workers(1)
    job = house.wait(job_id)
    assert (job.status, job.success_count) == (Status.INTERNAL_ERROR, 1)
