"""Bulk jobs: their statuses, the one table of moves between them, and the chunks that their rows are worked in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rota.domain.errors import JobAlreadyStarted, JobNotRunning, JobRunning, Refusal

DEATHS_TO_BLAME = 3
"""A single row is blamed only after its runner died this often on it alone: a runner killed from outside looks the
same as one killed by its row, and two chance kills of the same row are not worth a wrong verdict."""

WORKER_DIED = "worker died on this row"
APPLIER_CRASHED = "applier crashed"
STOPPED_DURING_ROW = "stopped while this row was running"


class Status(StrEnum):
    PENDING = "pending"
    EXECUTING = "executing"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"
    INTERNAL_ERROR = "internal_error"
    DELETED = "deleted"


class Verb(StrEnum):
    START = "start"
    STOP = "stop"
    HALT = "halt"
    SUCCEED = "succeed"
    FAIL = "fail"
    SPLIT = "split"
    BREAK = "break"
    DELETE = "delete"


MOVES: Mapping[tuple[Status, Verb], Status] = {
    (Status.PENDING, Verb.START): Status.EXECUTING,
    (Status.PENDING, Verb.DELETE): Status.DELETED,
    (Status.EXECUTING, Verb.STOP): Status.STOPPING,
    (Status.EXECUTING, Verb.SUCCEED): Status.SUCCESS,
    (Status.EXECUTING, Verb.FAIL): Status.FAILURE,
    (Status.EXECUTING, Verb.SPLIT): Status.PARTIAL,
    (Status.EXECUTING, Verb.BREAK): Status.INTERNAL_ERROR,
    (Status.STOPPING, Verb.HALT): Status.STOPPED,
    (Status.STOPPED, Verb.DELETE): Status.DELETED,
    (Status.SUCCESS, Verb.DELETE): Status.DELETED,
    (Status.FAILURE, Verb.DELETE): Status.DELETED,
    (Status.PARTIAL, Verb.DELETE): Status.DELETED,
    (Status.INTERNAL_ERROR, Verb.DELETE): Status.DELETED,
}

REFUSALS: Mapping[Verb, type[JobAlreadyStarted | JobNotRunning | JobRunning]] = {
    Verb.START: JobAlreadyStarted,
    Verb.STOP: JobNotRunning,
    Verb.DELETE: JobRunning,
}
"""What a person is told who asks for a move that the table does not have. The other verbs are the engine's own."""

FINAL = frozenset({Status.STOPPED, Status.SUCCESS, Status.FAILURE, Status.PARTIAL, Status.INTERNAL_ERROR})
RUNNING = frozenset({Status.EXECUTING, Status.STOPPING})
KEPT = tuple(each for each in Status if each is not Status.DELETED)
"""The statuses of jobs that are there."""


def move(job_id: str, status: Status, verb: Verb) -> Status:
    """The status after the verb, or the Refusal that says why not."""
    try:
        return MOVES[status, verb]
    except KeyError:
        raise refusal(job_id, verb) from None


def refusal(job_id: str, verb: Verb) -> Refusal:
    return REFUSALS.get(verb, JobNotRunning)(job_id)


def verdict(total: int | None, succeeded: int, failed: int) -> Verb:
    """How an executing job ends, from its counts of rows (the kazoo contract's Status rules)."""
    if total is None:
        return Verb.SUCCEED if failed == 0 else Verb.FAIL if succeeded == 0 else Verb.SPLIT
    if failed == 0 and succeeded >= total:
        return Verb.SUCCEED
    if failed == total and succeeded == 0:
        return Verb.FAIL
    return Verb.SPLIT if failed < total and succeeded < total else Verb.BREAK


@dataclass(frozen=True, slots=True)
class Job:
    """One upload, one action, one run. Times are microseconds since 1970 UTC; counts are rows.

    `header` names the input's columns, empty without input; `out_header` those of the output. `rows_name` is the blob
    that the engine reads: `in.csv`, or `rows.csv` where the upload was in another charset than UTF-8.
    """

    id: str
    account_id: str
    auth_account_id: str
    user_id: int
    category: str
    action: str
    file_name: str | None
    header: tuple[str, ...]
    out_header: tuple[str, ...]
    rows_name: str | None
    ordered: bool
    created_at: int
    started_at: int | None
    ended_at: int | None
    node: str | None
    status: Status
    total_count: int | None
    success_count: int
    failure_count: int
    input_sha256: str | None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the CSV files that can be fetched now."""
        came = ("in.csv",) if self.rows_name else ()
        if not self.is_final:
            return came
        return (*came, "out.csv", "success.csv", "failed.csv", "unprocessed.csv") if came else ("out.csv",)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of a job: the unit that is leased, run and settled.

    `first_row` counts data rows from 0 and names the chunk; `[start_byte, end_byte)` is where its rows stand in the
    rows blob. `epoch` grows with every lease: only its present value may settle. `deaths` counts runners that died
    while they held exactly these rows.
    """

    job_id: str
    first_row: int
    row_count: int
    start_byte: int
    end_byte: int
    epoch: int
    deaths: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a chunk's rows, and how large its segments are in bytes.

    A chunk whose rows all succeeded (or all failed) keeps one segment, `out`; only a mixed one also keeps `success`
    and `failed`. `success_bytes` and `failed_bytes` are sizes either way.
    """

    succeeded: int
    failed: int
    out_bytes: int
    success_bytes: int
    failed_bytes: int

    @property
    def mixed(self) -> bool:
        return self.succeeded > 0 and self.failed > 0


def blob_prefix(job_id: str) -> str:
    """Where all blobs of a job lie."""
    return f"jobs/{job_id}/"


def segment_key(job_id: str, first_row: int, epoch: int, part: str) -> str:
    """Where a chunk's output lies; `part` is `out`, `success` or `failed`.

    The epoch is in the name, so that a fenced runner can neither overwrite nor be taken for its successor.
    """
    return f"{blob_prefix(job_id)}segments/{first_row:012d}.{epoch}.{part}"
