"""A runner: one process that leases chunks and works them, hand after hand, until it is drained.

The thread of `Runner.run` works; the thread of `Heart` keeps the lease and hears of stops. Whatever either of them
believes, the ledger's fence decides.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from zlib import crc32

from rota.domain.errors import ActionNotFound, CategoryNotFound, StorageFull, StoreUnavailable
from rota.engine import ledger, segments
from rota.engine.hand import Hand
from rota.engine.ledger import Fenced, Grant
from rota.engine.pace import Pace
from rota.engine.work import Engine, Unworkable
from rota.operations import jobs, sweeps
from rota.store.port import Tx

IDLE_S = 0.05
"""How long an idle runner waits before it looks again: this is the delay of a start, and a look is one short read."""

PATIENCE_S = 0.5
"""How long it waits instead where a bell tells it of a start. Leases that run out ring none."""

RETRY_S = 1.0
SWEEP_S = 1.0
ORPHANS_S = 3_600.0
"""Between two looks of a runner for uploads that were given up. Each server's first start has looked, too, where a lock
tells who lives; where only age does, nothing is in a hurry."""

BEAT_S = 0.25
GRACE_S = 0.5
"""How long a row may go on after its job was asked to stop, before its runner abandons it and itself."""

EXIT_ABANDONED = 3


class Runner:
    """`owner` names this runner in the ledger, once and never again."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine, self._owner = engine, owner
        self._draining = threading.Event()
        self._swept_at = 0.0
        # Runners that start together do not look together.
        self._orphans_at = time.monotonic() + crc32(owner.encode()) % ORPHANS_S
        self._pace = Pace()
        self.hand: Hand | None = None

    def drain(self) -> None:
        """Settle the rows in hand, then return from `run`."""
        self._draining.set()

    def run(self) -> None:
        """Work until drained."""
        with self._engine.store.bell("chunks") or nullcontext() as bell:
            while not self._draining.is_set():
                self.sweep()
                self.work_off()
                if bell and not self._draining.is_set():
                    bell.wait(IDLE_S, PATIENCE_S)
                elif not bell:
                    self._draining.wait(IDLE_S)

    def work_off(self) -> None:
        """Work one hand after the other for as long as any chunk waits."""
        grant: Grant | None = None
        while not self._draining.is_set() and (grant or self._is_waiting()):
            grant = self._survive(grant) if grant else self._first()
            self.sweep()
        if grant:
            self._give_back(grant)

    def _is_waiting(self) -> bool:
        """Is there a chunk to lease? The look is a read: idle runners never hold up a writer."""
        try:
            with self._engine.store.read() as tx:
                return ledger.is_waiting(tx, self._engine.rules, now=self._engine.clock())
        except StoreUnavailable:
            return False

    def _first(self) -> Grant | None:
        grant: Grant | None = self._attempt(lambda tx: self._take(tx, waits=True))
        if grant is None:
            # Others were faster, or settle a chunk of the only job.
            self._draining.wait(IDLE_S)
        return grant

    def _survive(self, grant: Grant) -> Grant | None:
        """Work what was granted, whatever comes; the next grant, if one was made on the way."""
        job_id, log = grant.job.id, self._engine.log
        try:
            self.hand = Hand(self._engine, grant, self._draining, self._pace, self._take)
            return self.hand.run()
        except Fenced:
            log.warning("chunk.fenced", job=job_id, first_row=grant.chunk.first_row)
            segments.discard(self._engine.blobs, grant.chunk)
        except (Unworkable, CategoryNotFound, ActionNotFound) as end:
            reason = str(end) if isinstance(end, Unworkable) else "its action is no longer installed"
            log.error("job.broken", job=job_id, reason=reason)
            self._attempt(lambda tx: jobs.break_off(tx, job_id, reason, now=self._engine.clock()))
        except (StorageFull, StoreUnavailable) as trouble:
            # No fault of the rows: they are tried again, by whoever has room and a database.
            log.error("chunk.postponed", job=job_id, reason=trouble.code, detail=str(trouble))
            self._give_back(grant)
            self._draining.wait(RETRY_S)
        finally:
            self.hand = None
        return None

    def _give_back(self, grant: Grant) -> None:
        """Segments go once the ledger has said that they do not count: a settle that broke off may have been
        committed. Those that it cannot tell of now are strays, which go when the job has ended."""
        back = self._attempt(lambda tx: ledger.release(tx, grant.chunks, now=self._engine.clock()))
        for chunk in back or ():
            segments.discard(self._engine.blobs, chunk)

    def _take(self, tx: Tx, *, waits: bool = False) -> Grant | None:
        engine = self._engine
        times = {"lease_until": engine.lease_until(), "now": engine.clock()}
        return ledger.take(tx, self._owner, engine.rules, waits=waits, most=self._pace.most, **times)

    def _attempt(self, change: Callable[[Tx], Any]) -> Any:
        """A short transaction of the ledger. What fails for want of a database is left to the leases."""
        try:
            with self._engine.store.write() as tx:
                return change(tx)
        except Fenced:
            return None
        except (StorageFull, StoreUnavailable) as trouble:
            self._tell(trouble)
            return None

    def _tell(self, trouble: StorageFull | StoreUnavailable) -> None:
        self._engine.log.error("store.trouble", reason=trouble.code, detail=str(trouble))
        self._draining.wait(RETRY_S)

    def sweep(self) -> None:
        """Once in a while: jobs whose runners never heard of the stop, blobs of deleted jobs and of jobs never made."""
        if time.monotonic() - self._swept_at > SWEEP_S:
            self._swept_at = time.monotonic()
            self._attempt(lambda tx: ledger.halt_stalled(tx, now=self._engine.clock()))
            try:
                self._sweep_blobs()
            except (StorageFull, StoreUnavailable) as trouble:
                self._tell(trouble)

    def _sweep_blobs(self) -> None:
        sweeps.empty_trash(self._engine.store, self._engine.blobs)
        if time.monotonic() > self._orphans_at:
            self._orphans_at = time.monotonic() + ORPHANS_S
            sweeps.remove_orphans(self._engine.store, self._engine.blobs)


class Heart(threading.Thread):
    """Beats for a runner until the process ends."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(name="heart", daemon=True)
        self._runner = runner

    def run(self) -> None:
        while True:
            time.sleep(BEAT_S)
            hand = self._runner.hand
            # Most chunks are done before their first beat; only those that last cost the database a write.
            if hand and not hand.is_closed and time.monotonic() - hand.since > BEAT_S:
                self._beat(hand)

    def _beat(self, hand: Hand) -> None:
        try:
            if hand.beat(GRACE_S) and hand.abandon():
                os._exit(EXIT_ABANDONED)
        except (Fenced, StorageFull, StoreUnavailable):
            # The worker will meet the same when it settles, and knows what to do.
            return
