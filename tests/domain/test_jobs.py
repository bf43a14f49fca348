"""jobs: the table of moves as all pairs, how counts become a verdict, and what is called what."""

import itertools
from dataclasses import replace

import pytest

from rota.domain.errors import JobAlreadyStarted, JobNotRunning, JobRunning, Refusal
from rota.domain.jobs import FINAL, RUNNING, Job, Status, Tally, Verb, blob_prefix, move, segment_key, verdict

TABLE = """
                start      stop      halt     succeed  fail     split    break           delete
pending         executing  .         .        .        .        .        .               deleted
executing       .          stopping  .        success  failure  partial  internal_error  .
stopping        .          .         stopped  .        .        .        .               .
stopped         .          .         .        .        .        .        .               deleted
success         .          .         .        .        .        .        .               deleted
failure         .          .         .        .        .        .        .               deleted
partial         .          .         .        .        .        .        .               deleted
internal_error  .          .         .        .        .        .        .               deleted
deleted         .          .         .        .        .        .        .               .
"""

HEAD, *LINES = [line.split() for line in TABLE.strip().splitlines()]
EXPECTED = {(line[0], verb): to for line in LINES for verb, to in zip(HEAD, line[1:], strict=True)}

JOB = Job(
    id="1" * 30,
    account_id="a" * 32,
    auth_account_id="a" * 32,
    user_id=1,
    category="trial",
    action="row",
    file_name=None,
    header=("word",),
    out_header=("word", "error"),
    rows_name="in.csv",
    ordered=False,
    created_at=1,
    started_at=None,
    ended_at=None,
    node=None,
    status=Status.PENDING,
    total_count=1,
    success_count=0,
    failure_count=0,
    input_sha256="",
)


def after(status: Status, verb: Verb) -> str:
    try:
        return move("an id", status, verb).value
    except Refusal:
        return "."


def test_the_table_has_every_status_and_every_verb() -> None:
    assert {status for status, _ in EXPECTED} == set(Status)
    assert {verb for _, verb in EXPECTED} == set(Verb)


@pytest.mark.parametrize(("status", "verb"), list(itertools.product(Status, Verb)))
def test_a_verb_leads_where_the_table_says(status: Status, verb: Verb) -> None:
    assert after(status, verb) == EXPECTED[status, verb]


@pytest.mark.parametrize(
    ("verb", "refusal"),
    [
        (Verb.START, JobAlreadyStarted),
        (Verb.STOP, JobNotRunning),
        (Verb.DELETE, JobRunning),
        *((verb, JobNotRunning) for verb in (Verb.HALT, Verb.SUCCEED, Verb.FAIL, Verb.SPLIT, Verb.BREAK)),
    ],
)
def test_a_verb_is_refused_in_its_own_way_and_names_the_job(verb: Verb, refusal: type[Refusal]) -> None:
    for status in Status:
        if EXPECTED[status, verb] == ".":
            with pytest.raises(refusal) as caught:
                move("an id", status, verb)
            assert caught.value.job_id == "an id"  # type: ignore[attr-defined]


def test_final_are_the_statuses_that_only_a_deletion_leaves() -> None:
    leaving = {status: {verb for verb in Verb if EXPECTED[status, verb] != "."} for status in Status}
    assert {status for status in Status if leaving[status] == {Verb.DELETE}} == FINAL
    assert {Status.EXECUTING, Status.STOPPING} == RUNNING


def contract(total: int | None, succeeded: int, failed: int) -> str:
    """The Status rules, in the words and the order of the contract."""
    if total is None:
        if failed == 0:
            return "success"
        return "failure" if succeeded == 0 else "partial"
    if failed == 0 and succeeded >= total:
        return "success"
    if failed == total and succeeded == 0:
        return "failure"
    if total > failed and total > succeeded:
        return "partial"
    return "internal_error"


@pytest.mark.parametrize("total", [None, 0, 1, 2, 3, 4])
def test_the_verdict_follows_the_contract(total: int | None) -> None:
    for succeeded, failed in itertools.product(range(7), repeat=2):
        verb = verdict(total, succeeded, failed)
        assert move("an id", Status.EXECUTING, verb) == contract(total, succeeded, failed)


@pytest.mark.parametrize(
    ("total", "succeeded", "failed", "status"),
    [
        (3, 3, 0, "success"),
        (3, 4, 0, "success"),
        (3, 0, 3, "failure"),
        (3, 1, 2, "partial"),
        (3, 1, 0, "partial"),
        (3, 3, 1, "internal_error"),
        (0, 0, 0, "success"),
        (None, 0, 0, "success"),
        (None, 0, 1, "failure"),
        (None, 5, 1, "partial"),
    ],
)
def test_some_verdicts_by_hand(total: int | None, succeeded: int, failed: int, status: str) -> None:
    assert move("an id", Status.EXECUTING, verdict(total, succeeded, failed)) == status


@pytest.mark.parametrize("status", Status)
def test_results_can_be_fetched_once_a_job_has_ended(status: Status) -> None:
    results = ("out.csv", "success.csv", "failed.csv", "unprocessed.csv")
    job = replace(JOB, status=status)
    assert job.is_final == (status in FINAL)
    assert job.files == (("in.csv", *results) if status in FINAL else ("in.csv",))
    without = replace(job, rows_name=None, header=())
    assert without.files == (("out.csv",) if status in FINAL else ())


def test_the_input_is_called_in_csv_whatever_the_engine_reads() -> None:
    assert replace(JOB, rows_name="rows.csv").files == ("in.csv",)


def test_segments_sort_as_their_rows_do_and_lie_with_the_job() -> None:
    keys = [segment_key("7", row, 1, "out") for row in (0, 9, 10, 99_999, 100_000, 10**11)]
    assert keys == sorted(keys)
    assert keys[1] == "jobs/7/segments/000000000009.1.out"
    assert all(key.startswith(blob_prefix("7")) for key in keys)


def test_epochs_and_parts_never_share_a_segment() -> None:
    names = itertools.product((0, 1, 11, 111), (1, 11, 111), ("out", "success", "failed"))
    keys = [segment_key("7", *name) for name in names]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("succeeded", "failed", "mixed"), [(0, 0, False), (1, 0, False), (0, 1, False), (1, 1, True)])
def test_a_tally_is_mixed_when_some_rows_failed_and_some_did_not(succeeded: int, failed: int, mixed: bool) -> None:
    assert Tally(succeeded, failed, 0, 0, 0).mixed is mixed
