"""Bulk jobs: creating, starting, stopping, ending and deleting them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rota.domain.accounts import Account, Actor
from rota.domain.errors import JobNotFound, Refusal
from rota.domain.events import Event, Kind
from rota.domain.jobs import RUNNING, Job, Status, Verb, blob_prefix, move, refusal, verdict
from rota.domain.rows import Span
from rota.operations.events import count, record
from rota.store.port import Row, Tx


@dataclass(frozen=True, slots=True)
class Input:
    """A checked upload: its columns, how its rows divide into chunks, and the blob that the engine is to read."""

    header: tuple[str, ...]
    spans: Sequence[Span]
    rows: int
    rows_name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: an action of the catalogue, the columns it will give, and the name a person gave the file."""

    category: str
    action: str
    ordered: bool
    out_header: tuple[str, ...]
    file_name: str | None


@dataclass(frozen=True, slots=True)
class Page:
    jobs: list[Job]
    next_key: str | None


def create(tx: Tx, actor: Actor, account: Account, order: Order, given: Input | None, *, job_id: str, now: int) -> Job:
    """A pending job with its whole ledger. The blobs must lie under their keys already."""
    tx.run(
        "job_insert",
        id=job_id,
        account_id=account.id,
        auth_account_id=actor.account.id,
        user_id=actor.user.id,
        category=order.category,
        action=order.action,
        file_name=order.file_name,
        header=msgspec.json.encode(given.header if given else ()).decode(),
        out_header=msgspec.json.encode(order.out_header).decode(),
        rows_name=given.rows_name if given else None,
        ordered=order.ordered,
        created_at=now,
        total_count=given.rows if given else None,
        input_sha256=given.sha256 if given else None,
    )
    tx.batch("chunk_insert", [_chunk(job_id, span) for span in (given.spans if given else (Span(0, 0, 0, 0),))])
    facts = {"category": order.category, "action": order.action, "total_count": given.rows if given else None}
    record(tx, Event(now, Kind.JOB_CREATED, account.id, f"job:{job_id}", actor.user.id, facts))
    count(tx, jobs_created=1)
    return by_id(tx, account, job_id)


def by_id(tx: Tx, account: Account, job_id: str) -> Job:
    """Raises JobNotFound, for another account's job too."""
    row = tx.one("job_by_id", id=job_id)
    if row is None or row["account_id"] != account.id:
        raise JobNotFound(job_id)
    return from_row(row)


def load(tx: Tx, job_id: str) -> Job | None:
    """A job whoever's it is: for the engine, which works for all accounts."""
    row = tx.one("job_by_id", id=job_id)
    return from_row(row) if row else None


def page(tx: Tx, account: Account, tests: Mapping[str, Any], limit: int) -> Page:
    """An account's own jobs, newest first: one statement. `next_key` is None on the last page."""
    rows = tx.page("jobs_page", tests, account_id=account.id, limit=limit + 1)
    jobs = [from_row(row) for row in rows[:limit]]
    return Page(jobs, page_key(jobs[-1]) if len(rows) > limit else None)


def page_key(job: Job) -> str:
    """Where the page after this job begins."""
    return f"{job.created_at}-{job.id}"


def start(tx: Tx, actor: Actor, account: Account, job_id: str, *, node: str, now: int) -> Job:
    """Hand a pending job to the engine. Raises JobNotFound or JobAlreadyStarted."""
    job = by_id(tx, account, job_id)
    _move(tx, job, Verb.START, started_at=now, node=node, turn=now)
    tx.run("lane_open", account_id=account.id, turn=now)
    record(tx, Event(now, Kind.JOB_STARTED, account.id, f"job:{job_id}", actor.user.id))
    return by_id(tx, account, job_id)


def stop(tx: Tx, actor: Actor, account: Account, job_id: str, *, now: int) -> Job:
    """Ask the runners to let go; the job is stopped once the last has settled the rows in its hands.

    Where nobody holds a chunk the job is stopped at once. Raises JobNotFound or JobNotRunning.
    """
    job = by_id(tx, account, job_id)
    _move(tx, job, Verb.STOP)
    record(tx, Event(now, Kind.JOB_STOPPING, account.id, f"job:{job_id}", actor.user.id))
    if not end_if_over(tx, job_id, Status.STOPPING, now=now):
        _close_lane(tx, account.id)
    return by_id(tx, account, job_id)


def halt(tx: Tx, job_id: str, *, now: int) -> None:
    """End a stopping job although runners still hold chunks of it: they are fenced off, their rows unprocessed."""
    job = _locked(tx, job_id)
    if job and job.status is Status.STOPPING:
        _end(tx, job, Verb.HALT, now=now, reason=None)


def break_off(tx: Tx, job_id: str, reason: str, *, now: int) -> None:
    """End a job that cannot go on; what is settled is kept."""
    job = _locked(tx, job_id)
    if job and job.status is Status.EXECUTING:
        _end(tx, job, Verb.BREAK, now=now, reason=reason)
    elif job and job.status is Status.STOPPING:
        _end(tx, job, Verb.HALT, now=now, reason=reason)


def end_if_over(tx: Tx, job_id: str, status: Status, *, now: int) -> bool:
    """End the job when its last chunk is settled, or when it is being stopped and nobody holds a chunk any more.

    The caller has the job locked, and found it in this status: of two last chunks that are settled at once, the later
    must see the earlier.
    """
    stopping = status is Status.STOPPING
    if status not in RUNNING or tx.one("job_held" if stopping else "job_unsettled", job_id=job_id):
        return False
    job = load(tx, job_id)
    if job is None or job.status not in RUNNING:
        # The caller has ended it, with another of its chunks.
        return False
    verb = Verb.HALT if stopping else verdict(job.total_count, job.success_count, job.failure_count)
    _end(tx, job, verb, now=now, reason=None)
    return True


def delete(tx: Tx, actor: Actor, account: Account, job_id: str, *, now: int) -> Job:
    """Remove a job that is not in execution; its blobs go to the trash, which `sweep` empties. Returns what it was.

    Raises JobNotFound or JobRunning.
    """
    job = by_id(tx, account, job_id)
    move(job.id, job.status, Verb.DELETE)
    if not tx.run("job_delete", id=job_id, from_status=job.status.value):
        raise _overtaken(tx, job.id, Verb.DELETE)
    tx.run("trash_insert", prefix=blob_prefix(job_id))
    record(tx, Event(now, Kind.JOB_DELETED, account.id, f"job:{job_id}", actor.user.id))
    return job


def _locked(tx: Tx, job_id: str) -> Job | None:
    """The job, locked before any chunk of it is touched: a runner that settles just now keeps the same order."""
    return load(tx, job_id) if tx.value("job_lock", id=job_id) else None


def _move(tx: Tx, job: Job, verb: Verb, **changes: Any) -> None:
    values = {"started_at": None, "ended_at": None, "node": None, "turn": None, **changes}
    to_status = move(job.id, job.status, verb).value
    if not tx.run("job_move", id=job.id, from_status=job.status.value, to_status=to_status, **values):
        raise _overtaken(tx, job.id, verb)


def _overtaken(tx: Tx, job_id: str, verb: Verb) -> Refusal:
    """Why a guarded change found no row: another was faster, and has moved the job on or deleted it."""
    return refusal(job_id, verb) if tx.one("job_exists", id=job_id) else JobNotFound(job_id)


def _end(tx: Tx, job: Job, verb: Verb, *, now: int, reason: str | None) -> None:
    if verb in {Verb.HALT, Verb.BREAK}:
        tx.run("chunks_fence", job_id=job.id)
        tx.run("job_recount", id=job.id)
    _move(tx, job, verb, ended_at=now)
    facts = {"status": move(job.id, job.status, verb).value, "reason": reason}
    record(tx, Event(now, Kind.JOB_ENDED, job.account_id, f"job:{job.id}", facts=facts))
    count(tx, jobs_ended=1)
    _close_lane(tx, job.account_id)


def _close_lane(tx: Tx, account_id: str) -> None:
    """Unless another job of the account is in execution.

    Locked by a statement of its own: the one that closes must see the start that it may have waited for.
    """
    tx.run("lane_lock", account_id=account_id)
    tx.run("lane_close", account_id=account_id)


def _chunk(job_id: str, span: Span) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "first_row": span.first_row,
        "row_count": span.rows,
        "start_byte": span.start,
        "end_byte": span.end,
    }


def from_row(row: Row) -> Job:
    return Job(
        id=row["id"],
        account_id=row["account_id"],
        auth_account_id=row["auth_account_id"],
        user_id=row["user_id"],
        category=row["category"],
        action=row["action"],
        file_name=row["file_name"],
        header=tuple(msgspec.json.decode(row["header"], type=list[str])),
        out_header=tuple(msgspec.json.decode(row["out_header"], type=list[str])),
        rows_name=row["rows_name"],
        ordered=bool(row["ordered"]),
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        node=row["node"],
        status=Status(row["status"]),
        total_count=row["total_count"],
        success_count=row["success_count"],
        failure_count=row["failure_count"],
        input_sha256=row["input_sha256"],
    )
