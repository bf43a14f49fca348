"""One chunk in hand: from its bytes through the action to its settlement, whole or as far as it came.

Two threads meet here. The runner's works; its heart beats for the chunk, and settles in the worker's place when a job
that was asked to stop has a row that will not end. Whoever closes the work first, under its lock, is the one to settle.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rota.actions.registry import Catalogue, Context, Form, Refused
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.jobs import (
    APPLIER_CRASHED,
    DEATHS_TO_BLAME,
    STOPPED_DURING_ROW,
    WORKER_DIED,
    Chunk,
    Status,
    Tally,
    blob_prefix,
)
from rota.domain.rows import format_rows, read_rows, split_rows
from rota.domain.sharing import FREE, Rules
from rota.engine import ledger, segments
from rota.engine.apply import Applier, Cells, JobCrashed, Output, generated
from rota.engine.ledger import Fenced, Grant
from rota.engine.segments import Draft
from rota.operations import seal, sweeps
from rota.store.port import Blobs, Store, Tx

SLICE_S = 2.0
"""A chunk of slow rows is settled as far as it came after so long, and the rest goes back in two halves: others get
their turn, idle runners get a share, and a crash repeats no more than this."""


class Unworkable(Exception):
    """The job cannot go on; the text says why."""


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
    rules: Rules = FREE

    def lease_until(self) -> int:
        return self.clock() + round(self.lease_s * 1_000_000)


class Work:
    """`take_next` leases the following chunk, inside the settling transaction: one commit a chunk instead of two."""

    def __init__(
        self, engine: Engine, grant: Grant, draining: threading.Event, take_next: Callable[[Tx], Grant | None]
    ) -> None:
        self.grant, self.since = grant, time.monotonic()
        self._engine, self._draining, self._take_next = engine, draining, take_next
        self._action = engine.catalogue.get(grant.job.category, grant.job.action)
        self._source = self._read_source() if self._action.takes_input else b""
        self._applier = Applier(self._action, grant.job, self._context())
        self._draft = Draft(self._source)
        self._running: Sequence[Cells] = ()
        self._stop_seen_at: float | None = None
        self._closed = False
        self._lock = threading.Lock()

    def run(self) -> Grant | None:
        """Work the chunk and settle it; the chunk leased on the way. Raises Fenced, Unworkable, and the store's own."""
        chunk, deadly = self.grant.chunk, self.grant.chunk.deaths >= DEATHS_TO_BLAME
        if self._action.form is Form.GENERATOR:
            if deadly:
                raise Unworkable("its worker cannot be brought back")
            return self._generate()
        if chunk.deaths and chunk.row_count > 1:
            self._halve()
            return None
        if deadly:
            self._draft.add(self._applier.fail_all(list(self._rows()), WORKER_DIED))
            return self._settle()
        try:
            return self._run_inside() if self._action.writes else self._run_outside()
        except JobCrashed:
            raise Unworkable("its action crashed") from None

    def beat(self, grace_s: float) -> bool:
        """Extend the lease and show the counts; True when the worker should be abandoned: its job was asked to stop
        `grace_s` ago, and it is still inside a row."""
        done = self._draft
        with self._engine.store.write() as tx:
            until = self._engine.lease_until()
            status = ledger.beat(tx, self.grant.chunk, done.succeeded, done.failed, lease_until=until)
        if status is Status.STOPPING and self._stop_seen_at is None:
            self._stop_seen_at = time.monotonic()
        overdue = self._stop_seen_at is not None and time.monotonic() - self._stop_seen_at > grace_s
        return overdue and not self._action.writes and self._action.takes_input

    def abandon(self) -> bool:
        """Settle in the worker's place. False when it has come to an end itself; when True, the process must end.

        What the row that will not end did outside is unknown: it fails and says so, lest somebody do it again unawares.
        """
        if not self._close():
            return False
        self._draining.set()
        self._draft.add(self._applier.fail_all(self._running, STOPPED_DURING_ROW))
        try:
            self._settle()
        except (Fenced, StorageFull, StoreUnavailable):
            segments.discard(self._engine.blobs, self.grant.chunk)
        return True

    @property
    def is_closed(self) -> bool:
        return self._closed

    def _run_outside(self) -> Grant | None:
        """Batch by batch; what is done is settled on a stop, on a drain, and when the time slice is over."""
        for batch in _batches(self._rows(), self._action.rows_at_once):
            if self._stop_seen_at is not None or self._draining.is_set() or self._is_sliced():
                break
            with self._lock:
                self._running = batch
            self._finish(self._applier.apply(batch, self.grant.chunk.first_row + self._draft.rows))
        if not self._close():
            # The heart is settling in this thread's place, and ends the process after it.
            threading.Event().wait()
        return self._settle()

    def _is_sliced(self) -> bool:
        return self._draft.rows > 0 and time.monotonic() - self.since > SLICE_S

    def _finish(self, output: Output) -> None:
        with self._lock:
            self._running = ()
            if not self._closed:
                self._draft.add(output)

    def _close(self) -> bool:
        with self._lock:
            first, self._closed = not self._closed, True
            return first

    def _run_inside(self) -> Grant | None:
        """Inside the settling transaction: what the action writes and what became of the rows are one commit."""
        chunk, draft = self.grant.chunk, Draft(self._source)
        with self._engine.store.write() as tx:
            ledger.check(tx, chunk)
            for batch in _batches(self._rows(), self._action.batch_rows):
                draft.add(self._applier.apply(batch, chunk.first_row + draft.rows, tx))
            tally = draft.keep(self._engine.blobs, chunk)
            ended = ledger.settle(tx, self.grant, tally, now=self._engine.clock())
        # No lease rides along: it would lock another job's row while this transaction holds what the action locked.
        return self._done(ended, None)

    def _generate(self) -> Grant | None:
        """Without input: lines go to the segment as they come, however many they are."""
        size = 0
        key = segments.key(self.grant.chunk, "out")
        with self._engine.store.read() as tx, self._engine.blobs.create(key) as upload:
            for page in self._pages(replace(self._context(), tx=tx)):
                if self._draining.is_set():
                    # Handed back as it was taken: the next to have it begins anew.
                    return self.grant
                data = format_rows(page)
                upload.write(data)
                size += len(data)
                self._draft.succeeded += len(page)
                if self._stop_seen_at is not None:
                    break
            upload.commit()
        return self._commit(Tally(self._draft.succeeded, self._draft.failed, size, size, 0))

    def _pages(self, context: Context) -> Iterator[list[Cells]]:
        """The generator's pages until it ends, refuses or crashes; the latter two count as one failure."""
        try:
            yield from generated(self._action, self.grant.job, context)
        except Refused as refusal:
            context.log.warning("generator.refused", reason=str(refusal))
            self._draft.failed = 1
        except Exception:
            context.log.exception(APPLIER_CRASHED)
            self._draft.failed = 1

    def _settle(self) -> Grant | None:
        """Settle the rows that are done; the others go back as a chunk of their own."""
        chunk, draft = self.grant.chunk, self._draft
        if draft.rows == 0:
            with self._engine.store.write() as tx:
                ledger.release(tx, chunk, now=self._engine.clock())
            return None
        if draft.rows == chunk.row_count:
            return self._commit(draft.keep(self._engine.blobs, chunk))
        rest = _halves(_after(chunk, self._source, draft.rows), self._source, chunk)
        return self._commit(draft.keep(self._engine.blobs, chunk), rest)

    def _commit(self, tally: Tally, rest: Sequence[Chunk] = ()) -> Grant | None:
        with self._engine.store.write() as tx:
            ended = ledger.settle(tx, self.grant, tally, rest=rest, now=self._engine.clock())
            following = self._following(tx)
        return self._done(ended, following)

    def _following(self, tx: Tx) -> Grant | None:
        return None if self._draining.is_set() else self._take_next(tx)

    def _done(self, ended: bool, following: Grant | None) -> Grant | None:
        if ended:
            self._remove_strays()
            self._engine.log.info("job.ended", job=self.grant.job.id, account=self.grant.job.account_id)
        return following

    def _remove_strays(self) -> None:
        """The job is over and right whether or not they can be removed now; they go with it in the end."""
        try:
            sweeps.remove_strays(self._engine.store, self._engine.blobs, self.grant.job.id)
        except (StorageFull, StoreUnavailable) as trouble:
            self._engine.log.warning("strays.kept", job=self.grant.job.id, reason=trouble.code, detail=str(trouble))

    def _halve(self) -> None:
        rest = _after(self.grant.chunk, self._source, self.grant.chunk.row_count // 2)
        with self._engine.store.write() as tx:
            ledger.halve(tx, self.grant, rest, now=self._engine.clock())

    def _rows(self) -> Iterator[Cells]:
        return read_rows(self._source)

    def _read_source(self) -> bytes:
        job, chunk = self.grant.job, self.grant.chunk
        try:
            key = f"{blob_prefix(job.id)}{job.rows_name}"
            return self._engine.blobs.read(key, chunk.start_byte, chunk.end_byte)
        except FileNotFoundError:
            # Unless all of the blobs are: then the job waits for somebody who mounts or names the right ones.
            seal.check(self._engine.store, self._engine.blobs)
            raise Unworkable("its input is gone") from None

    def _context(self) -> Context:
        job, engine = self.grant.job, self._engine
        log = engine.log.bind(job=job.id, account=job.account_id)
        return Context(job.id, job.account_id, job.auth_account_id, job.user_id, engine.clock(), log, engine.options)


def _after(chunk: Chunk, source: bytes, done: int) -> Chunk:
    """The rows after the first `done` of a chunk."""
    return Chunk(
        job_id=chunk.job_id,
        first_row=chunk.first_row + done,
        row_count=chunk.row_count - done,
        start_byte=chunk.start_byte + split_rows(source, done),
        end_byte=chunk.end_byte,
        epoch=0,
        deaths=0,
    )


def _halves(rest: Chunk, source: bytes, whole: Chunk) -> list[Chunk]:
    """A rest of a chunk in two, so that two runners may go on with it; one row stays one."""
    if rest.row_count == 1:
        return [rest]
    own = source[rest.start_byte - whole.start_byte :]
    second = _after(rest, own, rest.row_count // 2)
    first = replace(rest, row_count=rest.row_count - second.row_count, end_byte=second.start_byte)
    return [first, second]


def _batches(rows: Iterator[Cells], size: int) -> Iterator[list[Cells]]:
    while batch := list(islice(rows, size)):
        yield batch
