"""What a runner has in hand: a chunk, or a bunch of small ones, from the first row to the settlement of all.

Two threads meet here. The runner's works; its heart beats for the chunks, lets those go whose turn does not come, and
settles in the worker's place when a job that was asked to stop has a row that will not end. Whoever closes the hand
first, under its lock, is the one to settle.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from rota.actions.registry import Context, Form, Refused
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.jobs import (
    APPLIER_CRASHED,
    DEATHS_TO_BLAME,
    STOPPED_DURING_ROW,
    WORKER_DIED,
    Chunk,
    Status,
    Tally,
)
from rota.domain.rows import format_rows
from rota.engine import ledger, segments
from rota.engine.apply import Applier, Cells, JobCrashed, Output, generated
from rota.engine.ledger import Fenced, Grant, Result
from rota.engine.pace import Pace
from rota.engine.work import Engine, Unworkable, Work
from rota.operations import sweeps
from rota.store.port import Tx

SLICE_S = 2.0
"""A chunk of slow rows is settled as far as it came after so long, and the rest goes back in two halves: others get
their turn, idle runners get a share, and a crash repeats no more than this."""

PATIENCE_S = 0.25
"""A bunch that has lasted so long is settled as far as it came, and the rest of it goes back. While no chunk waits for
a runner, others may be idle: then a chunk whose rest would last so long is divided at the next beat."""


class Hand:
    """`take_next` leases what follows, inside the settling transaction: one commit a bunch instead of two."""

    def __init__(
        self,
        engine: Engine,
        grant: Grant,
        draining: threading.Event,
        pace: Pace,
        take_next: Callable[[Tx], Grant | None],
    ) -> None:
        self.since = time.monotonic()
        self._engine, self._grant, self._job = engine, grant, grant.job
        self._draining, self._pace, self._take_next = draining, pace, take_next
        self._action = engine.catalogue.get(grant.job.category, grant.job.action)
        self._applier = Applier(self._action, grant.job, self._context())
        self._begun = [Work(engine, grant.job, grant.chunk)]
        self._waiting = list(grant.chunks[1:])
        self._stop_seen_at: float | None = None
        self._is_last = False
        self._closed = False
        self._lock = threading.Lock()

    def run(self) -> Grant | None:
        """Work the chunks and settle them; what was leased on the way. Raises Fenced, Unworkable, and the store's
        own."""
        first = self._begun[0]
        chunk, deadly = first.chunk, first.chunk.deaths >= DEATHS_TO_BLAME
        if self._action.form is Form.GENERATOR:
            if deadly:
                raise Unworkable("its worker cannot be brought back")
            return self._generate(first)
        first.read()
        if chunk.deaths and chunk.row_count > 1:
            self._halve(first)
            return None
        if deadly:
            first.draft.add(self._applier.fail_all(first.rows(), WORKER_DIED))
            return self._settle()
        try:
            return self._run_inside(first) if self._action.writes else self._run_outside(first)
        except JobCrashed:
            raise Unworkable("its action crashed") from None

    def beat(self, grace_s: float) -> bool:
        """Extend the leases and show the counts; True when the worker should be abandoned: its job was asked to stop
        `grace_s` ago, and it is still inside a row."""
        let_go = self._let_go()
        try:
            status = self._beat(let_go)
        except BaseException:
            self._take_back(let_go)
            raise
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
        last = self._begun[-1]
        last.draft.add(self._applier.fail_all(last.running, STOPPED_DURING_ROW))
        # Where the database does not answer nobody knows whether it has settled them: strays go when the job has ended.
        with suppress(Fenced, StorageFull, StoreUnavailable):
            self._settle()
        return True

    @property
    def is_closed(self) -> bool:
        return self._closed

    def _beat(self, let_go: Sequence[Chunk]) -> Status:
        with self._lock:
            shown = [work.shown() for work in self._begun]
        with self._engine.store.write() as tx:
            if let_go:
                ledger.release(tx, let_go, now=self._engine.clock())
            status = ledger.beat(tx, shown, lease_until=self._engine.lease_until())
            # Whatever limits let run: a chunk that waits for a place of theirs is enough for everybody.
            self._is_last = not self._job.ordered and not ledger.is_waiting(tx, now=self._engine.clock())
        return status

    def _let_go(self) -> list[Chunk]:
        """The chunks of a bunch that are not begun: it has lasted longer than it was meant to."""
        with self._lock:
            let_go, self._waiting = self._waiting, []
            return let_go

    def _take_back(self, let_go: Sequence[Chunk]) -> None:
        """Nobody knows whether the ledger has them: whoever settles them is told."""
        with self._lock:
            self._waiting += [] if self._closed else let_go

    def _run_outside(self, first: Work) -> Grant | None:
        """Batch by batch; what is done is settled on a stop, on a drain, and when the time slice is over."""
        self._apply(first)
        while work := self._next():
            work.read()
            self._apply(work)
        if not self._close():
            # The heart is settling in this thread's place, and ends the process after it.
            threading.Event().wait()
        return self._settle()

    def _next(self) -> Work | None:
        """Begin the following chunk of the bunch, if there is still time for one."""
        with self._lock:
            is_over = self._is_called() or not self._begun[-1].is_done or self._lasted_s() > PATIENCE_S
            if is_over or self._closed or not self._waiting:
                return None
            self._begun.append(Work(self._engine, self._job, self._waiting.pop(0)))
            return self._begun[-1]

    def _apply(self, work: Work) -> None:
        for batch in work.batches(self._action.rows_at_once):
            if self._is_called() or self._is_sliced(work):
                break
            with self._lock:
                work.running = batch
            self._finish(work, self._applier.apply(batch, work.chunk.first_row + work.draft.rows))

    def _is_called(self) -> bool:
        return self._stop_seen_at is not None or self._draining.is_set()

    def _is_sliced(self, work: Work) -> bool:
        if work.draft.rows == 0:
            return False
        return self._lasted_s() > SLICE_S or (self._is_last and self._is_worth_sharing(work))

    def _is_worth_sharing(self, work: Work) -> bool:
        """Will the rest of the chunk last long enough, at the pace so far, for two to have an advantage of it?"""
        done = sum(each.draft.rows for each in self._begun)
        return self._lasted_s() / done * work.rows_left > PATIENCE_S

    def _lasted_s(self) -> float:
        return time.monotonic() - self.since

    def _finish(self, work: Work, output: Output) -> None:
        with self._lock:
            work.running = ()
            if not self._closed:
                work.draft.add(output)

    def _close(self) -> bool:
        with self._lock:
            first, self._closed = not self._closed, True
            return first

    def _run_inside(self, work: Work) -> Grant | None:
        """Inside the settling transaction: what the action writes and what became of the rows are one commit."""
        with self._engine.store.write() as tx:
            ledger.check(tx, work.chunk)
            draft = work.fresh_draft()
            for batch in work.batches(self._action.batch_rows):
                draft.add(self._applier.apply(batch, work.chunk.first_row + draft.rows, tx))
            result = Result(work.chunk, draft.keep(self._engine.blobs, work.chunk))
            ended = ledger.settle(tx, self._job, [result], now=self._engine.clock())
        # No lease rides along: it would lock another job's row while this transaction holds what the action locked.
        return self._done(ended, None)

    def _generate(self, work: Work) -> Grant | None:
        """Without input: lines go to the segment as they come, however many they are."""
        size = 0
        key = segments.key(work.chunk, "out")
        with self._engine.store.read() as tx, self._engine.blobs.create(key) as upload:
            for page in self._pages(work, replace(self._context(), tx=tx)):
                if self._draining.is_set():
                    # Handed back as it was taken: the next to have it begins anew.
                    return self._grant
                data = format_rows(page)
                upload.write(data)
                size += len(data)
                work.draft.succeeded += len(page)
                if self._stop_seen_at is not None:
                    break
            upload.commit()
        tally = Tally(work.draft.succeeded, work.draft.failed, size, size, 0)
        return self._commit([Result(work.chunk, tally)], ())

    def _pages(self, work: Work, context: Context) -> Iterator[list[Cells]]:
        """The generator's pages until it ends, refuses or crashes; the latter two count as one failure."""
        try:
            yield from generated(self._action, self._job, context)
        except Refused as refusal:
            context.log.warning("generator.refused", reason=str(refusal))
            work.draft.failed = 1
        except Exception:
            context.log.exception(APPLIER_CRASHED)
            work.draft.failed = 1

    def _settle(self) -> Grant | None:
        """Settle the rows that are done. What is left of a chunk becomes chunks of its own, and what was not begun goes
        back."""
        results = [work.keep() for work in self._begun if work.draft.rows]
        undone = [work.chunk for work in self._begun if not work.draft.rows] + self._waiting
        if not self._action.crash_ends_job:
            # Else a crash would take with it what was done before in the same bunch.
            self._pace.note(self._action.title, sum(each.rows for each in results), self._lasted_s())
        try:
            return self._commit(results, undone)
        except Fenced:
            if len(results) + len(undone) == 1:
                raise
            self._commit_each(results, undone)
            return None

    def _commit(self, results: Sequence[Result], undone: Sequence[Chunk]) -> Grant | None:
        ended, following = False, None
        with self._engine.store.write() as tx:
            if undone:
                ledger.release(tx, undone, now=self._engine.clock())
            if results:
                ended = ledger.settle(tx, self._job, results, now=self._engine.clock())
                following = None if self._draining.is_set() else self._take_next(tx)
        return self._done(ended, following)

    def _commit_each(self, results: Sequence[Result], undone: Sequence[Chunk]) -> None:
        """One chunk of the bunch is lost; the others count."""
        for result in results:
            try:
                with self._engine.store.write() as tx:
                    ended = ledger.settle(tx, self._job, [result], now=self._engine.clock())
                self._done(ended, None)
            except Fenced:
                self._engine.log.warning("chunk.fenced", job=self._job.id, first_row=result.chunk.first_row)
                segments.discard(self._engine.blobs, result.chunk)
        if undone:
            with suppress(Fenced), self._engine.store.write() as tx:
                ledger.release(tx, undone, now=self._engine.clock())

    def _done(self, ended: bool, following: Grant | None) -> Grant | None:
        if ended:
            self._remove_strays()
            self._engine.log.info("job.ended", job=self._job.id, account=self._job.account_id)
        return following

    def _remove_strays(self) -> None:
        """The job is over and right whether or not they can be removed now; they go with it in the end."""
        try:
            sweeps.remove_strays(self._engine.store, self._engine.blobs, self._job.id)
        except (StorageFull, StoreUnavailable) as trouble:
            self._engine.log.warning("strays.kept", job=self._job.id, reason=trouble.code, detail=str(trouble))

    def _halve(self, work: Work) -> None:
        rest = work.after(work.chunk.row_count // 2)
        with self._engine.store.write() as tx:
            ledger.halve(tx, self._grant, rest, now=self._engine.clock())

    def _context(self) -> Context:
        job, engine = self._job, self._engine
        log = engine.log.bind(job=job.id, account=job.account_id)
        return Context(job.id, job.account_id, job.auth_account_id, job.user_id, engine.clock(), log, engine.options)
