"""Accounts and jobs in a store with no blob behind them, and a clock that tests turn by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rota.domain.accounts import Account, Actor
from rota.domain.jobs import Chunk, Job, Tally
from rota.domain.rows import Span
from rota.domain.sharing import FREE, Rules
from rota.engine import ledger
from rota.engine.ledger import Grant, Most, Result
from rota.operations import accounts, jobs
from rota.store.port import Store, Tx

ROOT = "0" * 32
SECOND = 1_000_000
LEASE = 10 * SECOND
ROW_BYTES = 10


def query(tx: Tx, sql: str) -> list[dict[str, Any]]:
    """Rows of a statement that only tests ask for."""
    return list(tx._connection.execute(sql))  # type: ignore[attr-defined]


def spans(sizes: Sequence[int]) -> list[Span]:
    """Adjoining spans of so many rows each, every row ROW_BYTES long."""
    found, row = [], 0
    for size in sizes:
        found.append(Span(row, size, row * ROW_BYTES, (row + size) * ROW_BYTES))
        row += size
    return found


def tally(succeeded: int, failed: int = 0) -> Tally:
    return Tally(succeeded, failed, 0, 0, 0)


def after(chunk: Chunk, done: int) -> Chunk:
    """The rows after the first `done` of a chunk."""
    first, start = chunk.first_row + done, chunk.start_byte + done * ROW_BYTES
    return replace(chunk, first_row=first, row_count=chunk.row_count - done, start_byte=start, epoch=0, deaths=0)


@dataclass
class Books:
    """`now` is microseconds; it moves by one at every look, so that turns are told apart."""

    store: Store
    time: int = 1_700_000_000 * SECOND
    made: int = 0
    jobs_made: list[str] = field(default_factory=list)

    @classmethod
    def found(cls, store: Store) -> "Books":
        books = cls(store)
        with store.write() as tx:
            ids = {"account_id": ROOT, "token_id": "t0"}
            accounts.found(tx, email="admin@localhost", token="the first token", now=books.now(), **ids)
        return books

    def now(self) -> int:
        self.time += 1
        return self.time

    def pass_time(self, microseconds: int = LEASE + 1) -> None:
        self.time += microseconds

    @property
    def actor(self) -> Actor:
        with self.store.read() as tx:
            return accounts.superuser(tx)

    @property
    def root(self) -> Account:
        return self.actor.account

    def account(self, parent: Account | None = None) -> Account:
        self.made += 1
        with self.store.write() as tx:
            made, under = f"{self.made:032x}", parent.id if parent else None
            return accounts.add_account(tx, self.actor, f"number {self.made}", under, account_id=made, now=self.now())

    def job(
        self,
        sizes: Sequence[int] = (3,),
        account: Account | None = None,
        *,
        ordered: bool = False,
        start: bool = True,
        given: bool = True,
        action: str = "row",
    ) -> str:
        """The id of a job whose chunks have so many rows; without `given` one that has no input."""
        self.made += 1
        job_id, actor = f"{self.made:030x}", self.actor
        rows = jobs.Input(("word",), spans(sizes), sum(sizes), "in.csv", "") if given else None
        order = jobs.Order("trial", action, ordered, ("word", "error"), None)
        with self.store.write() as tx:
            jobs.create(tx, actor, account or actor.account, order, rows, job_id=job_id, now=self.now())
            if start:
                jobs.start(tx, actor, account or actor.account, job_id, node="here", now=self.now())
        self.jobs_made.append(job_id)
        return job_id

    def start(self, tx: Tx, job_id: str) -> Job:
        job = self.load(tx, job_id)
        return jobs.start(tx, self.actor, self.account_of(tx, job), job_id, node="here", now=self.now())

    def stop(self, tx: Tx, job_id: str) -> Job:
        job = self.load(tx, job_id)
        return jobs.stop(tx, self.actor, self.account_of(tx, job), job_id, now=self.now())

    def delete(self, tx: Tx, job_id: str) -> Job:
        job = self.load(tx, job_id)
        return jobs.delete(tx, self.actor, self.account_of(tx, job), job_id, now=self.now())

    def take(
        self, owner: str = "one", tx: Tx | None = None, rules: Rules = FREE, most: Most = ledger.alone
    ) -> Grant | None:
        now = self.now()
        times = {"lease_until": now + LEASE, "now": now}
        if tx:
            return ledger.take(tx, owner, rules, most=most, **times)
        with self.store.write() as mine:
            return ledger.take(mine, owner, rules, most=most, **times)

    def must_take(self, owner: str = "one", tx: Tx | None = None, most: Most = ledger.alone) -> Grant:
        grant = self.take(owner, tx, most=most)
        assert grant is not None
        return grant

    def settle(self, grant: Grant, failed: int = 0, done: int | None = None, tx: Tx | None = None) -> bool:
        """Settle the chunk, or its first `done` rows; `failed` of them failed."""
        rest = (after(grant.chunk, done),) if done is not None and done < grant.chunk.row_count else ()
        rows = grant.chunk.row_count if done is None else done
        result = Result(grant.chunk, tally(rows - failed, failed), rest)
        if tx:
            return ledger.settle(tx, grant.job, [result], now=self.now())
        with self.store.write() as mine:
            return ledger.settle(mine, grant.job, [result], now=self.now())

    def settle_all(self, grant: Grant, tx: Tx) -> bool:
        """Settle all that was granted, with success."""
        results = [Result(chunk, tally(chunk.row_count)) for chunk in grant.chunks]
        return ledger.settle(tx, grant.job, results, now=self.now())

    def drain(self) -> None:
        """Run everything that waits, all of it with success."""
        while grant := self.take("drain"):
            self.settle(grant)

    def load(self, tx: Tx, job_id: str) -> Job:
        job = jobs.load(tx, job_id)
        assert job is not None
        return job

    def account_of(self, tx: Tx, job: Job) -> Account:
        return accounts.account_by_id(tx, job.account_id)

    def get(self, job_id: str) -> Job:
        with self.store.read() as tx:
            return self.load(tx, job_id)

    def counts(self, job_id: str) -> tuple[int, int]:
        job = self.get(job_id)
        return job.success_count, job.failure_count

    def chunks(self, job_id: str) -> list[Mapping[str, Any]]:
        with self.store.read() as tx:
            return tx.all("chunks_of_job", job_id=job_id)

    def events(self, subject: str) -> list[str]:
        """The kinds of what happened to a thing, oldest first."""
        with self.store.read() as tx:
            return [row["kind"] for row in tx.all("events_of_subject", subject=subject)]

    def totals(self) -> dict[str, int]:
        with self.store.read() as tx:
            return {row["name"]: row["amount"] for row in tx.all("totals_all")}

    def check(self) -> None:
        """What must hold at any time, whatever has happened."""
        with self.store.read() as tx:
            lanes = {row["account_id"] for row in query(tx, "SELECT account_id FROM lanes")}
            executing = query(tx, "SELECT DISTINCT account_id FROM jobs WHERE status = 'executing'")
            assert lanes == {row["account_id"] for row in executing}
            for row in query(tx, "SELECT id FROM jobs"):
                check_job(self.load(tx, row["id"]), tx.all("chunks_of_job", job_id=row["id"]))


def check_job(job: Job, chunks: Sequence[Mapping[str, Any]]) -> None:
    """Chunks tile the rows and the bytes, counts are those of the chunks, and nobody holds a chunk of an ended job."""
    row = byte = 0
    for chunk in chunks:
        assert (chunk["first_row"], chunk["start_byte"]) == (row, byte)
        row, byte = row + chunk["row_count"], chunk["end_byte"]
        assert chunk["success_count"] + chunk["failure_count"] <= chunk["row_count"] or job.total_count is None
        assert chunk["state"] != "open" or chunk["success_count"] == chunk["failure_count"] == 0
        assert (chunk["owner"] is not None) == (chunk["state"] == "leased")
    assert row == (job.total_count or 0)
    assert job.success_count == sum(chunk["success_count"] for chunk in chunks)
    assert job.failure_count == sum(chunk["failure_count"] for chunk in chunks)
    if job.is_final:
        assert all(chunk["state"] != "leased" for chunk in chunks)
        assert job.ended_at is not None
