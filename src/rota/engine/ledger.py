"""The chunk ledger: who may work which rows, and the fence that lets only the present holder say what became of them.

Every function is part of its caller's transaction. Counts shown while a chunk is held are provisional: they are added
to the job's as they are shown, and taken back when the chunk changes hands.

Locks are taken in one order, so that runners, stops and sweeps cannot deadlock: jobs by id, their chunks, the totals of
what was done, the account's lane, the totals of what is taken. `take` alone comes later, in the transaction of a
settle; it passes over a job that another has locked, and over slots, and so never waits for one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rota.domain.events import Event, Kind
from rota.domain.jobs import Chunk, Job, Status, Tally
from rota.domain.sharing import FREE, Rules
from rota.operations import jobs
from rota.operations.events import count, counted, record, written
from rota.store.port import Row, Tx

STARVED_US = 60_000_000
"""A job that was passed over for so long is served as one of the highest priority is."""


class Fenced(Exception):
    """The chunk has another holder, or its job has ended: nothing that was done here counts."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A chunk in hand, and the job that it is of."""

    chunk: Chunk
    job: Job


def is_waiting(tx: Tx, rules: Rules = FREE, *, now: int) -> bool:
    """Is there a chunk to lease?"""
    return tx.one("chunk_waits", full=as_json(full(tx, rules)), now=now) is not None


def full(tx: Tx, rules: Rules) -> frozenset[str]:
    """The actions and accounts of which no more chunks may be given out."""
    if not rules.are_limited:
        return frozenset()
    return rules.full((row["account_id"], row["action"], row["held"]) for row in tx.all("slots_held"))


def as_json(names: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(names)).decode()


def check(tx: Tx, chunk: Chunk) -> None:
    """Raises Fenced when the chunk is already lost, to save the work; only `settle` makes sure."""
    if tx.one("chunk_counts", **_at(chunk)) is None:
        raise Fenced


def take(tx: Tx, owner: str, rules: Rules = FREE, *, lease_until: int, now: int, waits: bool = False) -> Grant | None:
    """Lease the chunk whose turn it is, or None when there is nothing to run, or another gives it out just now.

    Higher priorities come first; of equals accounts take turns, and within an account its jobs, so that a short job
    waits for one round and not for a long one. A chunk whose lease ran out is taken over under a new epoch, whatever
    the limits: it has its slots already. `waits` is for transactions that have done nothing else: they let those
    finish who give out chunks of the same slots.
    """
    job = _next_job(tx, rules, now=now)
    if job is None:
        return None
    slots = rules.slots(job["account_id"], f"{job['category']}.{job['action']}")
    if not all(tx.value("slot_lock" if waits else "slot_try", slot=slot) for slot in slots):
        return None
    # Looked at again: whoever had the slots before may have filled them.
    is_full = bool(slots) and not full(tx, rules).isdisjoint(slots)
    chunk = tx.one("chunk_next", job_id=job["id"], ordered=bool(job["ordered"]), full=is_full, now=now)
    if chunk is None:
        return None
    where = {"job_id": job["id"], "first_row": chunk["first_row"]}
    leased = tx.one("chunk_lease", **where, epoch=chunk["epoch"], owner=owner, lease_until=lease_until)
    if leased is None:
        return None
    tx.together(
        ("lane_served", [{"account_id": job["account_id"], "turn": now}]),
        ("job_served", [{"id": job["id"], "turn": now}]),
        counted(leases=1),
    )
    if chunk["state"] == "open":
        return Grant(Chunk(**leased), jobs.from_row(job))
    _take_back(tx, job["id"], chunk)
    facts = {"first_row": chunk["first_row"], "from": chunk["owner"], "to": owner}
    record(tx, Event(now, Kind.CHUNK_TAKEN_OVER, job["account_id"], f"job:{job['id']}", facts=facts))
    count(tx, takeovers=1)
    loaded = jobs.load(tx, job["id"])
    return Grant(Chunk(**leased), loaded) if loaded else None


def beat(tx: Tx, chunk: Chunk, succeeded: int, failed: int, *, lease_until: int) -> Status:
    """Extend the lease and show the counts so far; the job's present status. Raises Fenced."""
    status = _show(tx, chunk, succeeded, failed)
    tx.run("chunk_beat", **_at(chunk), lease_until=lease_until, succeeded=succeeded, failed=failed)
    return status


def settle(tx: Tx, grant: Grant, tally: Tally, *, rest: Sequence[Chunk] = (), now: int) -> bool:
    """Say what became of the chunk's rows, and end the job if they were the last: then it is True.

    With a rest, in row order, only the rows before it are settled; the rest becomes open chunks. Raises Fenced.
    """
    chunk = grant.chunk
    status, news = _seen(tx, chunk, tally.succeeded, tally.failed)
    row_count = chunk.row_count - sum(each.row_count for each in rest)
    facts = {"first_row": chunk.first_row, "rows": row_count, "succeeded": tally.succeeded, "failed": tally.failed}
    settled = {
        **_at(chunk),
        "row_count": row_count,
        "end_byte": rest[0].start_byte if rest else chunk.end_byte,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "out_bytes": tally.out_bytes,
        "success_bytes": tally.success_bytes,
        "failed_bytes": tally.failed_bytes,
    }
    # In one trip: a chunk of few rows costs what its trips cost.
    tx.together(
        news,
        ("chunk_settle", [settled]),
        ("chunk_insert", [_fresh(each) for each in rest]),
        written([Event(now, Kind.CHUNK_SETTLED, grant.job.account_id, f"job:{chunk.job_id}", facts=facts)]),
        counted(chunks=1, rows_succeeded=tally.succeeded, rows_failed=tally.failed),
    )
    return jobs.end_if_over(tx, chunk.job_id, status, now=now)


def release(tx: Tx, chunk: Chunk, *, now: int) -> None:
    """Give the chunk back undone. Raises Fenced."""
    status = _show(tx, chunk, 0, 0)
    tx.run("chunk_release", **_at(chunk))
    jobs.end_if_over(tx, chunk.job_id, status, now=now)


def halve(tx: Tx, grant: Grant, rest: Chunk, *, now: int) -> None:
    """Divide a chunk whose runner died on it, so that the row to blame is found in log2(rows) deaths. Raises Fenced."""
    chunk = grant.chunk
    status = _show(tx, chunk, 0, 0)
    tx.run("chunk_halve", **_at(chunk), row_count=chunk.row_count - rest.row_count, end_byte=rest.start_byte)
    tx.run("chunk_insert", **_fresh(rest))
    facts = {"first_row": chunk.first_row, "at_row": rest.first_row}
    record(tx, Event(now, Kind.CHUNK_HALVED, grant.job.account_id, f"job:{chunk.job_id}", facts=facts))
    jobs.end_if_over(tx, chunk.job_id, status, now=now)


def bury(tx: Tx, owner: str, *, now: int) -> int:
    """A runner is known to be dead: free its chunks, and note the death against their rows. How many there were."""
    held = tx.all("chunks_of_owner", owner=owner)
    _free(tx, held, deaths=1, now=now)
    count(tx, runner_deaths=1)
    return len(held)


def recover(tx: Tx, owners: str, *, now: int) -> int:
    """Free the chunks of all owners whose names begin so: the runners of an earlier life of this server."""
    held = tx.all("chunks_of_owners", prefix=owners, prefix_end=owners + "\x7f")
    _free(tx, held, deaths=0, now=now)
    return len(held)


def halt_stalled(tx: Tx, *, now: int) -> int:
    """End the jobs that were asked to stop and whose runners never answered. How many there were."""
    stalled = tx.all("jobs_stalled", now=now)
    _lock_all(tx, [job["id"] for job in stalled])
    for job in stalled:
        jobs.halt(tx, job["id"], now=now)
    return len(stalled)


def _next_job(tx: Tx, rules: Rules, *, now: int) -> Row | None:
    names, starved = as_json(full(tx, rules)), now - STARVED_US
    for low in rules.levels:
        job = tx.one("job_next", low=as_json(low), full=names, starved=starved, now=now)
        if job:
            return job
    return None


def _at(chunk: Chunk) -> dict[str, str | int]:
    return {"job_id": chunk.job_id, "first_row": chunk.first_row, "epoch": chunk.epoch}


def _lock(tx: Tx, job_id: str) -> Status | None:
    """Keep others from the job and its ledger until the transaction ends; its status, or None when it is gone."""
    status = tx.value("job_lock", id=job_id)
    return Status(status) if status else None


def _lock_all(tx: Tx, job_ids: Sequence[str]) -> dict[str, Status | None]:
    """Before anything else is touched: whoever waits for one job holds nothing but jobs that come before it."""
    return {job_id: _lock(tx, job_id) for job_id in sorted(set(job_ids))}


def _show(tx: Tx, chunk: Chunk, succeeded: int, failed: int) -> Status:
    """Lock the job and move its counts by what is new since they were last shown. Raises Fenced."""
    status, news = _seen(tx, chunk, succeeded, failed)
    tx.together(news)
    return status


def _seen(tx: Tx, chunk: Chunk, succeeded: int, failed: int) -> tuple[Status, tuple[str, list[dict[str, Any]]]]:
    """Lock the job; its status, and what moves its counts by what is new since they were last shown. Raises Fenced."""
    status = _lock(tx, chunk.job_id)
    shown = tx.one("chunk_counts", **_at(chunk))
    if status is None or shown is None:
        raise Fenced
    new = {"succeeded": succeeded - shown["success_count"], "failed": failed - shown["failure_count"]}
    return status, ("job_count", [{"id": chunk.job_id, **new}] if any(new.values()) else [])


def _take_back(tx: Tx, job_id: str, chunk: Row) -> None:
    tx.run("job_count", id=job_id, succeeded=-chunk["success_count"], failed=-chunk["failure_count"])


def _free(tx: Tx, held: list[Row], *, deaths: int, now: int) -> None:
    statuses = _lock_all(tx, [chunk["job_id"] for chunk in held])
    for chunk in held:
        where = {"job_id": chunk["job_id"], "first_row": chunk["first_row"], "epoch": chunk["epoch"]}
        if tx.run("chunk_free", **where, deaths=deaths):
            _take_back(tx, chunk["job_id"], chunk)
        if status := statuses[chunk["job_id"]]:
            jobs.end_if_over(tx, chunk["job_id"], status, now=now)


def _fresh(chunk: Chunk) -> dict[str, str | int]:
    """An open chunk that nobody has held yet."""
    return {
        "job_id": chunk.job_id,
        "first_row": chunk.first_row,
        "row_count": chunk.row_count,
        "start_byte": chunk.start_byte,
        "end_byte": chunk.end_byte,
    }
