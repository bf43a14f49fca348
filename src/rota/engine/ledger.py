"""The chunk ledger: who may work which rows, and the fence that lets only the present holder say what became of them.

Every function is part of its caller's transaction. Counts shown while a chunk is held are provisional: they are added
to the job's as they are shown, and taken back when the chunk changes hands.

Locks are taken in one order, so that runners, stops and sweeps cannot deadlock: jobs by id, their chunks, the totals of
what was done, the account's lane, the totals of what is taken. `take` alone comes later, in the transaction of a
settle; it passes over a job that another has locked, and over slots, and so never waits for one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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


SMALL_BYTES = 1 << 14
"""Only chunks of no more bytes are taken together."""


class Fenced(Exception):
    """A chunk has another holder, or its job has ended: nothing that was done here counts."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Chunks in hand, in row order, and the job that they are of: most often one, or a bunch of small ones."""

    chunks: tuple[Chunk, ...]
    job: Job

    @property
    def chunk(self) -> Chunk:
        """The first of them."""
        return self.chunks[0]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a chunk's rows. With a rest, in row order, of those before it; the rest becomes open chunks."""

    chunk: Chunk
    tally: Tally
    rest: Sequence[Chunk] = ()

    @property
    def rows(self) -> int:
        """How many rows are settled."""
        return self.chunk.row_count - sum(each.row_count for each in self.rest)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a chunk in hand counts so far."""

    chunk: Chunk
    succeeded: int = 0
    failed: int = 0


Most = Callable[[Job, Chunk], int]
"""How many chunks such as this one may be taken together."""


def alone(job: Job, chunk: Chunk) -> int:
    return 1


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
    if not _held(tx, [chunk]):
        raise Fenced


def take(
    tx: Tx,
    owner: str,
    rules: Rules = FREE,
    *,
    lease_until: int,
    now: int,
    waits: bool = False,
    most: Most = alone,
) -> Grant | None:
    """Lease the chunk whose turn it is, or None when there is nothing to run, or another gives it out just now.

    With it come as many as `most` says of those that follow it, as long as they are small and none larger than it. A
    chunk is taken alone where chunks run one after the other or count towards a limit, and where a runner has died on
    it: of a bunch nobody could tell which one it was.

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
    grant = Grant((Chunk(**leased),), jobs.from_row(job))
    if chunk["state"] == "open" and not slots:
        grant = _bunched(tx, grant, owner, most, lease_until=lease_until)
    tx.together(
        ("lane_served", [{"account_id": job["account_id"], "turn": now}]),
        ("job_served", [{"id": job["id"], "turn": now}]),
        counted(leases=len(grant.chunks)),
    )
    if chunk["state"] == "open":
        return grant
    _take_back(tx, job["id"], chunk)
    facts = {"first_row": chunk["first_row"], "from": chunk["owner"], "to": owner}
    record(tx, Event(now, Kind.CHUNK_TAKEN_OVER, job["account_id"], f"job:{job['id']}", facts=facts))
    count(tx, takeovers=1)
    loaded = jobs.load(tx, job["id"])
    return replace(grant, job=loaded) if loaded else None


def beat(tx: Tx, shown: Sequence[Shown], *, lease_until: int) -> Status:
    """Extend the leases of a job's chunks and show their counts so far; the job's present status. Raises Fenced."""
    status, news = _seen(tx, shown)
    counts = [{"succeeded": each.succeeded, "failed": each.failed, **_at(each.chunk)} for each in shown]
    tx.together(news, ("chunk_beat", [{"lease_until": lease_until, **each} for each in counts]))
    return status


def settle(tx: Tx, job: Job, results: Sequence[Result], *, now: int) -> bool:
    """Say what became of the rows of some of a job's chunks, and end the job if they were the last: then it is True.

    Raises Fenced when one of the chunks is lost, and none of them is settled then.
    """
    status, news = _seen(tx, [Shown(each.chunk, each.tally.succeeded, each.tally.failed) for each in results])
    succeeded = sum(each.tally.succeeded for each in results)
    failed = sum(each.tally.failed for each in results)
    # In one trip: chunks of few rows cost what their trips cost.
    tx.together(
        news,
        ("chunk_settle", [_settled(each) for each in results]),
        ("chunk_insert", [_fresh(chunk) for each in results for chunk in each.rest]),
        written([_told(job, each, now) for each in results]),
        counted(chunks=len(results), rows_succeeded=succeeded, rows_failed=failed),
    )
    return jobs.end_if_over(tx, job.id, status, now=now)


def release(tx: Tx, chunks: Sequence[Chunk], *, now: int) -> list[Chunk]:
    """Give those of a job's chunks back undone that are still held; which they are. Raises Fenced when none is."""
    status, held = _lock(tx, chunks[0].job_id), _held(tx, chunks)
    back = [chunk for chunk in chunks if chunk.first_row in held]
    if status is None or not back:
        raise Fenced
    tx.together(_moved([Shown(chunk) for chunk in back], held), ("chunk_release", [_at(chunk) for chunk in back]))
    jobs.end_if_over(tx, chunks[0].job_id, status, now=now)
    return back


def halve(tx: Tx, grant: Grant, rest: Chunk, *, now: int) -> None:
    """Divide a chunk whose runner died on it, so that the row to blame is found in log2(rows) deaths. Raises Fenced."""
    chunk = grant.chunk
    status, news = _seen(tx, [Shown(chunk)])
    tx.together(news)
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


def _bunched(tx: Tx, grant: Grant, owner: str, most: Most, *, lease_until: int) -> Grant:
    """The grant with as many more as may be taken together. Its job is locked, so that the chunks stay as they are."""
    job, chunk = grant.job, grant.chunk
    is_whole = chunk.row_count == job.total_count
    if is_whole or job.ordered or chunk.deaths or chunk.end_byte - chunk.start_byte > SMALL_BYTES:
        return grant
    more = most(job, chunk) - 1
    if more < 1:
        return grant
    size = {"rows": chunk.row_count, "bytes": SMALL_BYTES, "after": chunk.first_row, "most": more}
    rows = tx.all("chunks_lease", job_id=job.id, owner=owner, lease_until=lease_until, **size)
    found = sorted((Chunk(**row) for row in rows), key=lambda each: each.first_row)
    return replace(grant, chunks=(chunk, *found))


def _at(chunk: Chunk) -> dict[str, str | int]:
    return {"job_id": chunk.job_id, "first_row": chunk.first_row, "epoch": chunk.epoch}


def _lock(tx: Tx, job_id: str) -> Status | None:
    """Keep others from the job and its ledger until the transaction ends; its status, or None when it is gone."""
    status = tx.value("job_lock", id=job_id)
    return Status(status) if status else None


def _lock_all(tx: Tx, job_ids: Sequence[str]) -> dict[str, Status | None]:
    """Before anything else is touched: whoever waits for one job holds nothing but jobs that come before it."""
    return {job_id: _lock(tx, job_id) for job_id in sorted(set(job_ids))}


def _seen(tx: Tx, shown: Sequence[Shown]) -> tuple[Status, tuple[str, list[dict[str, Any]]]]:
    """Lock the job; its status, and what moves its counts. Raises Fenced unless all of the chunks are held."""
    chunks = [each.chunk for each in shown]
    status, held = _lock(tx, chunks[0].job_id), _held(tx, chunks)
    if status is None or len(held) < len(chunks):
        raise Fenced
    return status, _moved(shown, held)


def _held(tx: Tx, chunks: Sequence[Chunk]) -> dict[int, Row]:
    """What those of a job's chunks show that are held under these epochs, by their first rows."""
    epochs = {chunk.first_row: chunk.epoch for chunk in chunks}
    rows = tx.all("chunks_held", job_id=chunks[0].job_id, ids=msgspec.json.encode(list(epochs)).decode())
    return {row["first_row"]: row for row in rows if row["epoch"] == epochs[row["first_row"]]}


def _moved(shown: Sequence[Shown], held: Mapping[int, Row]) -> tuple[str, list[dict[str, Any]]]:
    """The statement that moves a job's counts by what is new since its chunks last showed any."""
    before = [held[each.chunk.first_row] for each in shown]
    new = {
        "succeeded": sum(each.succeeded for each in shown) - sum(row["success_count"] for row in before),
        "failed": sum(each.failed for each in shown) - sum(row["failure_count"] for row in before),
    }
    return "job_count", [{"id": shown[0].chunk.job_id, **new}] if any(new.values()) else []


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


def _settled(result: Result) -> dict[str, str | int]:
    chunk, tally, rest = result.chunk, result.tally, result.rest
    return {
        **_at(chunk),
        "row_count": result.rows,
        "end_byte": rest[0].start_byte if rest else chunk.end_byte,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "out_bytes": tally.out_bytes,
        "success_bytes": tally.success_bytes,
        "failed_bytes": tally.failed_bytes,
    }


def _told(job: Job, result: Result, now: int) -> Event:
    counts = {"succeeded": result.tally.succeeded, "failed": result.tally.failed}
    facts = {"first_row": result.chunk.first_row, "rows": result.rows, **counts}
    return Event(now, Kind.CHUNK_SETTLED, job.account_id, f"job:{job.id}", facts=facts)


def _fresh(chunk: Chunk) -> dict[str, str | int]:
    """An open chunk that nobody has held yet."""
    return {
        "job_id": chunk.job_id,
        "first_row": chunk.first_row,
        "row_count": chunk.row_count,
        "start_byte": chunk.start_byte,
        "end_byte": chunk.end_byte,
    }
