"""A runner: one process that leases chunks, puts their rows through the action, and settles them.

The thread of `Runner.run` works; the thread of `Heart` keeps the lease, shows live counts, hears of stops, and is the
one that answers for this process to its supervisor. Whatever either of them believes, the ledger's fence decides.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rota.actions.registry import Catalogue, Context, Form, Refused
from rota.domain.errors import ActionNotFound, CategoryNotFound, StorageFull, StoreUnavailable
from rota.domain.jobs import (
    DEATHS_TO_BLAME,
    STOPPED_DURING_ROW,
    WORKER_DIED,
    Chunk,
    Job,
    Status,
    Tally,
    blob_prefix,
)
from rota.domain.rows import format_rows, read_rows, split_rows
from rota.engine import ledger, segments
from rota.engine.apply import Applier, Cells, JobCrashed, Output, generated
from rota.engine.hand import Hand
from rota.engine.ledger import Fenced, Grant
from rota.operations import jobs, sweeps
from rota.store.port import Blobs, Store, Tx

IDLE_S = 0.05
"""How long an idle runner waits before it looks again: a look costs 60 µs, and the wait is the delay of a start."""

RETRY_S = 1.0
SWEEP_S = 1.0
BEAT_S = 0.25
GRACE_S = 0.5
"""How long a row may go on after its job was asked to stop, before its runner abandons it and itself."""

EXIT_ABANDONED = 3


@dataclass(frozen=True, slots=True)
class Engine:
    """What every runner of a server works with."""

    store: Store
    blobs: Blobs
    catalogue: Catalogue
    clock: Callable[[], int]
    lease_s: float
    options: Mapping[str, Any]
    log: Any


class Runner:
    """`owner` names this runner in the ledger, once and never again."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine, self._owner = engine, owner
        self._draining = threading.Event()
        self._swept_at = 0.0
        self.hand: Hand | None = None

    def drain(self) -> None:
        """Settle the rows in hand, then return from `run`."""
        self._draining.set()

    def run(self) -> None:
        """Work until drained."""
        grant: Grant | None = None
        while not self._draining.is_set():
            self._sweep()
            grant = grant or self._look()
            if grant:
                grant = self._survive(grant)
            else:
                self._draining.wait(IDLE_S)
        if grant:
            self._attempt(lambda tx: ledger.release(tx, grant.chunk, now=self._engine.clock()))

    def _look(self) -> Grant | None:
        """Lease a chunk if there is one. The look is a read: idle runners never hold up a writer."""
        try:
            with self._engine.store.read() as tx:
                waiting = ledger.is_waiting(tx, now=self._engine.clock())
        except StoreUnavailable:
            return None
        return self._attempt(self._take) if waiting else None

    def _survive(self, grant: Grant) -> Grant | None:
        """Work a chunk; what is no fault of its rows gives it back. The next chunk, if one was leased on the way."""
        try:
            return self._work(grant)
        except Fenced:
            self._engine.log.warning("chunk.fenced", job=grant.job.id, first_row=grant.chunk.first_row)
            segments.discard(self._engine.blobs, grant.chunk)
        except (StorageFull, StoreUnavailable) as trouble:
            self._engine.log.error("chunk.postponed", job=grant.job.id, reason=trouble.code)
            self._give_back(grant)
        finally:
            self.hand = None
        return None

    def _give_back(self, grant: Grant) -> None:
        segments.discard(self._engine.blobs, grant.chunk)
        self._attempt(lambda tx: ledger.release(tx, grant.chunk, now=self._engine.clock()))
        self._draining.wait(RETRY_S)

    def _attempt(self, change: Callable[[Tx], Any]) -> Any:
        """A short transaction of the ledger; trouble with the store is left for the next try."""
        try:
            with self._engine.store.write() as tx:
                return change(tx)
        except Fenced:
            return None
        except (StorageFull, StoreUnavailable) as trouble:
            self._engine.log.error("store.trouble", reason=trouble.code)
            self._draining.wait(RETRY_S)
            return None

    def _take(self, tx: Tx) -> Grant | None:
        now = self._engine.clock()
        return ledger.take(tx, self._owner, lease_until=self._lease_until(now), now=now)

    def _lease_until(self, now: int) -> int:
        return now + round(self._engine.lease_s * 1_000_000)

    def _work(self, grant: Grant) -> Grant | None:
        job, chunk = grant.job, grant.chunk
        try:
            action = self._engine.catalogue.get(job.category, job.action)
        except (CategoryNotFound, ActionNotFound):
            return self._break(job, "its action is no longer installed")
        deadly = chunk.deaths >= DEATHS_TO_BLAME
        if action.form is Form.GENERATOR:
            return self._break(job, "its worker cannot be brought back") if deadly else self._generate(grant, action)
        rows = self._rows(job, chunk)
        if chunk.deaths and len(rows) > 1:
            return self._halve(grant, len(rows) // 2)
        applier = Applier(action, job, self._context(job))
        self.hand = Hand(grant, time.monotonic(), abandonable=not action.writes)
        try:
            if deadly:
                return self._settle(grant, applier.fail_all(rows, WORKER_DIED))
            if action.writes:
                return self._run_inside(grant, applier, rows, action.batch_rows)
            return self._run(grant, applier, rows, 1 if action.form is Form.ROW else action.batch_rows)
        except JobCrashed:
            return self._break(job, "its action crashed")

    def _rows(self, job: Job, chunk: Chunk) -> list[Cells]:
        key = blob_prefix(job.id) + (job.rows_name or "")
        return list(read_rows(self._engine.blobs.read(key, chunk.start_byte, chunk.end_byte)))

    def _context(self, job: Job) -> Context:
        engine = self._engine
        log = engine.log.bind(job=job.id, account=job.account_id)
        now = engine.clock()
        return Context(job.id, job.account_id, job.auth_account_id, job.user_id, now, log, engine.options)

    def _run(self, grant: Grant, applier: Applier, rows: list[Cells], batch_rows: int) -> Grant | None:
        """Work batch by batch; on a stop or a drain settle what is done."""
        hand = self.hand
        assert hand is not None
        first_row = grant.chunk.first_row
        for batch in _batches(rows, batch_rows):
            if hand.stop_seen is not None or self._draining.is_set():
                break
            hand.begin(batch)
            hand.finish(applier.apply(batch, first_row + hand.output.rows))
        if not hand.close():
            # The heart is settling for this thread, and will end the process.
            threading.Event().wait()
        return self._settle(grant, hand.output)

    def _run_inside(self, grant: Grant, applier: Applier, rows: list[Cells], batch_rows: int) -> Grant | None:
        """Work inside the settling transaction: what the action writes and what became of the rows are one commit."""
        output = Output()
        with self._engine.store.write() as tx:
            ledger.check(tx, grant.chunk)
            for batch in _batches(rows, batch_rows):
                output.extend(applier.apply(batch, grant.chunk.first_row + output.rows, tx))
            tally = segments.write(self._engine.blobs, grant.chunk, output)
            ended = ledger.settle(tx, grant, tally, now=self._engine.clock())
            following = self._take_next(tx)
        return self._after(grant.job, ended, following)

    def _generate(self, grant: Grant, action: Any) -> Grant | None:
        """Work an action without input; its lines go straight to the segment, however many they are."""
        job, chunk = grant.job, grant.chunk
        hand = self.hand = Hand(grant, time.monotonic(), abandonable=False)
        size, failed = 0, 0
        with self._engine.store.read() as tx, self._engine.blobs.create() as upload:
            context = self._context(job)
            pages = generated(action, job, replace(context, tx=tx))
            while True:
                try:
                    page = next(pages, None)
                except Refused as refusal:
                    context.log.warning("job.refused", reason=str(refusal))
                    failed = 1
                    break
                except Exception:
                    context.log.exception("applier crashed")
                    failed = 1
                    break
                if page is None or hand.stop_seen is not None:
                    break
                if self._draining.is_set():
                    return grant
                data = format_rows(page)
                upload.write(data)
                size += len(data)
                hand.output.succeeded += len(page)
            upload.commit(segments.key(chunk, "out"))
        return self._commit(grant, Tally(hand.output.succeeded, failed, size, size, 0), None)

    def _settle(self, grant: Grant, output: Output) -> Grant | None:
        """Settle the rows that are done; the others go back as a chunk of their own."""
        chunk = grant.chunk
        if output.rows == 0:
            self._attempt(lambda tx: ledger.release(tx, chunk, now=self._engine.clock()))
            return None
        remainder = self._remainder(grant, output.rows) if output.rows < chunk.row_count else None
        return self._commit(grant, segments.write(self._engine.blobs, chunk, output), remainder)

    def _commit(self, grant: Grant, tally: Tally, remainder: Chunk | None) -> Grant | None:
        with self._engine.store.write() as tx:
            ended = ledger.settle(tx, grant, tally, remainder=remainder, now=self._engine.clock())
            following = self._take_next(tx)
        return self._after(grant.job, ended, following)

    def _take_next(self, tx: Tx) -> Grant | None:
        """The next lease rides in the settling transaction: one commit a chunk instead of two."""
        return None if self._draining.is_set() else self._take(tx)

    def _remainder(self, grant: Grant, done: int) -> Chunk:
        """The rows after the first `done` of a chunk."""
        chunk, key = grant.chunk, blob_prefix(grant.job.id) + (grant.job.rows_name or "")
        data = self._engine.blobs.read(key, chunk.start_byte, chunk.end_byte)
        return Chunk(
            job_id=chunk.job_id,
            first_row=chunk.first_row + done,
            row_count=chunk.row_count - done,
            start_byte=chunk.start_byte + split_rows(data, done),
            end_byte=chunk.end_byte,
            epoch=0,
            deaths=0,
        )

    def _halve(self, grant: Grant, first_half: int) -> None:
        rest = self._remainder(grant, first_half)
        self._attempt(lambda tx: ledger.halve(tx, grant, rest, now=self._engine.clock()))

    def _break(self, job: Job, reason: str) -> None:
        self._engine.log.error("job.broken", job=job.id, reason=reason)
        self._attempt(lambda tx: jobs.break_off(tx, job.id, reason, now=self._engine.clock()))

    def _after(self, job: Job, ended: bool, following: Grant | None) -> Grant | None:
        if ended:
            sweeps.remove_strays(self._engine.store, self._engine.blobs, job.id)
            self._engine.log.info("job.ended", job=job.id, account=job.account_id)
        return following

    def _sweep(self) -> None:
        """Once in a while: jobs whose runners never heard of the stop, and blobs of deleted jobs."""
        if time.monotonic() - self._swept_at > SWEEP_S:
            self._swept_at = time.monotonic()
            self._attempt(lambda tx: ledger.halt_stalled(tx, now=self._engine.clock()))
            sweeps.empty_trash(self._engine.store, self._engine.blobs)

    def abandon(self, hand: Hand) -> None:
        """Settle for the working thread, which is inside a row that will not end, and leave with the process.

        What that row did outside is unknown: it is failed and says so, lest somebody do it again unawares.
        """
        if not hand.close():
            return
        job = hand.grant.job
        applier = Applier(self._engine.catalogue.get(job.category, job.action), job, self._context(job))
        hand.output.extend(applier.fail_all(hand.running, STOPPED_DURING_ROW))
        try:
            self.drain()
            self._settle(hand.grant, hand.output)
        except Fenced:
            segments.discard(self._engine.blobs, hand.grant.chunk)
        os._exit(EXIT_ABANDONED)


class Heart(threading.Thread):
    """Beats for a runner until the process ends. `tick` is called at every beat, chunk or no chunk."""

    def __init__(self, engine: Engine, runner: Runner, tick: Callable[[], None]) -> None:
        super().__init__(name="heart", daemon=True)
        self._engine, self._runner, self._tick = engine, runner, tick

    def run(self) -> None:
        while True:
            self._tick()
            time.sleep(BEAT_S)
            hand = self._runner.hand
            # Most chunks are done before their first beat; only those that last cost the database a write.
            if hand and not hand.closed and time.monotonic() - hand.since > BEAT_S:
                self._beat(hand)

    def _beat(self, hand: Hand) -> None:
        lease_until = self._engine.clock() + round(self._engine.lease_s * 1_000_000)
        done = hand.output
        try:
            with self._engine.store.write() as tx:
                status = ledger.beat(tx, hand.grant.chunk, done.succeeded, done.failed, lease_until=lease_until)
        except (Fenced, StorageFull, StoreUnavailable):
            return
        if status is Status.STOPPING and hand.stop_seen is None:
            hand.stop_seen = time.monotonic()
        if hand.stop_seen and hand.abandonable and time.monotonic() - hand.stop_seen > GRACE_S:
            self._runner.abandon(hand)


def _batches(rows: list[Cells], size: int) -> Iterator[list[Cells]]:
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch
