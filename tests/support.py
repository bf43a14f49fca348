"""What tests do by hand that a server does by itself: submit a job, read back what its ledger and segments say."""

import csv
import io
import itertools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rota.actions.registry import Catalogue
from rota.clock import new_id, now
from rota.dialects.feed import Feed
from rota.dialects.service import Service
from rota.domain.accounts import Account, Actor
from rota.domain.jobs import Job, segment_key
from rota.domain.rows import Scanner
from rota.operations import accounts, jobs
from rota.store.port import Blobs, Store

TRIAL = Path(__file__).parent / "trial"
PATIENCE_S = 60.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Returns as soon as the condition holds; fails after a minute, which no sound run takes."""
    until, pause = time.monotonic() + PATIENCE_S, 0.005
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(pause)
        # Whoever asks all the time keeps those from their work whom it waits for.
        pause = min(pause * 1.1, 0.05)


def trial_catalogue() -> Catalogue:
    """The catalogue with the misbehaving actions, as the entry points give it."""
    from rota.actions.registry import installed

    if str(TRIAL) not in sys.path:
        sys.path.append(str(TRIAL))
    return installed()


def trial_environ(**changes: str) -> dict[str, str]:
    """The environment of a process that has the misbehaving actions installed."""
    path = os.pathsep.join(filter(None, [str(TRIAL), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **changes}


def service_on(store: Store, blobs: Blobs, **given: Any) -> Service:
    """What a dialect works with, small limits and counted ids where a test gives nothing else."""
    numbers = itertools.count(1)
    usual = {
        "catalogue": Catalogue([]),
        "node": "rota@test",
        "max_upload": 1 << 20,
        "max_json": 1 << 16,
        "stop_s": 0.2,
        "session_s": 60.0,
        "feed": Feed(store, 30, poll_s=0.001),
        "clock": now,
        "new_id": lambda length: f"{next(numbers):0{length}x}",
    }
    return Service(store=store, blobs=blobs, **{**usual, **given})


@dataclass(frozen=True)
class House:
    """A store with a root account, its blobs, and the catalogue."""

    store: Store
    blobs: Blobs
    catalogue: Catalogue

    @classmethod
    def found(cls, store: Store, blobs: Blobs) -> "House":
        with store.write() as tx:
            ids = {"account_id": new_id(32), "token_id": new_id(16)}
            accounts.found(tx, email="admin@localhost", token=new_id(32), now=now(), **ids)
        return cls(store, blobs, trial_catalogue())

    @property
    def actor(self) -> Actor:
        with self.store.read() as tx:
            return accounts.superuser(tx)

    def submit(self, action: str, source: bytes | None, *, start: bool = True, account: Account | None = None) -> str:
        """A job of `category.name` over CSV bytes; its id."""
        category, name = action.split(".")
        declared, job_id, actor = self.catalogue.get(category, name), new_id(30), self.actor
        given = None
        if source is not None:
            scanner = Scanner(mandatory=declared.mandatory, chunk_rows=declared.chunk_rows)
            scanner.feed(source)
            scan = scanner.finish()
            with self.blobs.create(f"jobs/{job_id}/in.csv") as upload:
                upload.write(source)
                upload.commit()
            given = jobs.Input(scan.header, scan.spans, scan.rows, "in.csv", "")
        header = declared.out_header(given.header if given else ())
        order = jobs.Order(category, name, declared.ordered, header, None)
        with self.store.write() as tx:
            jobs.create(tx, actor, account or actor.account, order, given, job_id=job_id, now=now())
        if start:
            self.start(job_id, account)
        return job_id

    def start(self, job_id: str, account: Account | None = None) -> None:
        actor = self.actor
        with self.store.write() as tx:
            jobs.start(tx, actor, account or actor.account, job_id, node="here", now=now())

    def stop(self, job_id: str) -> None:
        actor = self.actor
        with self.store.write() as tx:
            jobs.stop(tx, actor, actor.account, job_id, now=now())

    def job(self, job_id: str) -> Job:
        with self.store.read() as tx:
            found = jobs.load(tx, job_id)
        assert found is not None
        return found

    def wait(self, job_id: str) -> Job:
        """The job once it has ended."""
        wait_until(lambda: self.job(job_id).is_final, f"the end of {self.job(job_id)}")
        return self.job(job_id)

    def lines(self, job_id: str, part: str = "out") -> list[list[str]]:
        """The lines of a result file without its header, read segment by segment from the ledger."""
        found: list[list[str]] = []
        with self.store.read() as tx:
            rows = tx.all("segments_of_job", job_id=job_id)
        for row in rows:
            whole = {"success": row["failure_count"] == 0, "failed": row["success_count"] == 0}.get(part, True)
            size = row["out_bytes"] if part == "out" else row[f"{part}_bytes"]
            if size:
                key = segment_key(job_id, row["first_row"], row["epoch"], "out" if whole else part)
                assert self.blobs.size(key) == size
                found += csv.reader(io.StringIO(self.blobs.read(key, 0, size).decode(), newline=""))
        return found
