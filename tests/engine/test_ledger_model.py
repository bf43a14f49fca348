"""The ledger against a model of it in plain Python, step by step, on both databases.

The model knows whose turn it is, who holds what and what was settled. Runners die, fall silent, wake up as zombies and
go on as if nothing had happened; jobs are stopped, halted, broken off and deleted under their hands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from books import LEASE, Books, after, query, tally
from races import attempt
from rota.domain.accounts import Account
from rota.domain.errors import JobAlreadyStarted, JobNotRunning, JobRunning
from rota.engine import ledger
from rota.engine.ledger import Fenced, Grant, Result, Shown
from rota.operations import jobs
from rota.store.port import Store
from rota.store.sqlite import SqliteStore

SETTINGS = settings(
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
OWNERS = ("server.0", "server.1", "other.0")
FINAL = {"stopped", "success", "failure", "partial", "internal_error"}


@dataclass
class Piece:
    """A chunk as the model has it. `holder` is the grant that may settle it."""

    rows: int
    state: str = "open"
    holder: Grant | None = None
    owner: str | None = None
    lease_until: int = 0
    counts: tuple[int, int] = (0, 0)
    deaths: int = 0

    def open(self, deaths: int = 0) -> None:
        self.state, self.holder, self.owner, self.counts = "open", None, None, (0, 0)
        self.deaths += deaths


@dataclass
class Work:
    """A job as the model has it; `pieces` by their first row."""

    id: str
    account: Account
    ordered: bool
    pieces: dict[int, Piece]
    status: str = "pending"
    turn: int = 0

    @property
    def total(self) -> int:
        return sum(piece.rows for piece in self.pieces.values())

    @property
    def counts(self) -> tuple[int, int]:
        shown = [piece.counts for piece in self.pieces.values()]
        return sum(one for one, _ in shown), sum(two for _, two in shown)

    def unsettled(self) -> list[tuple[int, Piece]]:
        return [(row, piece) for row, piece in sorted(self.pieces.items()) if piece.state != "settled"]

    def next_row(self, now: int) -> int | None:
        """The first row of the chunk that a runner would be given."""
        if self.status != "executing":
            return None
        left = self.unsettled()[:1] if self.ordered else self.unsettled()
        return next((row for row, piece in left if piece.state == "open" or piece.lease_until < now), None)

    def with_it(self, first_row: int, most: int) -> list[int]:
        """The first rows of all that would be given with that chunk, its own the first."""
        first = self.pieces[first_row]
        if self.ordered or first.state != "open" or first.deaths or first.rows == self.total:
            return [first_row]
        more = [
            row
            for row, piece in sorted(self.pieces.items())
            if row > first_row and piece.state == "open" and not piece.deaths and piece.rows <= first.rows
        ]
        return [first_row, *more[: most - 1]]


@dataclass
class Model:
    works: dict[str, Work] = field(default_factory=dict)
    lanes: dict[str, int] = field(default_factory=dict)

    def expected(self, now: int) -> tuple[Work, int] | None:
        """Whose turn it is."""
        for _, account_id in sorted((turn, account_id) for account_id, turn in self.lanes.items()):
            mine = [work for work in self.works.values() if work.account.id == account_id]
            for work in sorted(mine, key=lambda work: (work.turn, work.id)):
                row = work.next_row(now)
                if row is not None:
                    return work, row
        return None

    def leave(self, work: Work, status: str) -> None:
        """The job goes to another status; its lane closes behind the last one."""
        work.status = status
        executing = {each.account.id for each in self.works.values() if each.status == "executing"}
        if work.account.id not in executing:
            self.lanes.pop(work.account.id, None)

    def end_if_over(self, work: Work) -> bool:
        if work.status == "executing" and not work.unsettled():
            succeeded, failed = work.counts
            self.leave(work, "success" if not failed else "failure" if not succeeded else "partial")
        elif work.status == "stopping" and all(piece.state != "leased" for piece in work.pieces.values()):
            self.leave(work, "stopped")
        else:
            return False
        return True

    def cut_off(self, work: Work, status: str) -> None:
        for piece in work.pieces.values():
            if piece.state == "leased":
                piece.open()
        self.leave(work, status)

    def held(self, grant: Grant) -> tuple[Work, Piece] | None:
        """The job and chunk of a grant that still counts."""
        work = self.works.get(grant.job.id)
        piece = work.pieces.get(grant.chunk.first_row) if work else None
        return (work, piece) if work and piece and piece.holder is grant else None


class LedgerMachine(RuleBasedStateMachine):
    """`hands` are all grants that were ever given: those that no longer count are the zombies'."""

    def __init__(self, books: Books, accounts: list[Account]) -> None:
        super().__init__()
        # Every example begins alike, down to the ids and the time.
        self.books, self.accounts = replace(books, jobs_made=[]), accounts
        self.model, self.hands = Model(), list[Grant]()
        self.settled: dict[tuple[str, int], dict[str, Any]] = {}
        with books.store.write() as tx:
            for table in ("chunks", "jobs", "lanes", "trash", "events", "totals"):
                tx._connection.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]

    def write(self, change: Callable[..., Any]) -> Any:
        return attempt(self.books.store, change)

    def pick(self, data: st.DataObject, *statuses: str) -> Work:
        found = [work for work in self.model.works.values() if not statuses or work.status in statuses]
        return data.draw(st.sampled_from(sorted(found, key=lambda work: work.id)), label="job")

    def grant(self, data: st.DataObject) -> Grant:
        # The latest grants are the most interesting, and come first where Hypothesis makes things small.
        index = data.draw(st.integers(0, min(len(self.hands), 6) - 1), label="hand")
        return self.hands[-1 - index]

    # What people do.

    @rule(
        number=st.integers(0, 2),
        sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4),
        ordered=st.booleans(),
        start=st.booleans(),
    )
    def create(self, number: int, sizes: list[int], ordered: bool, start: bool) -> None:
        account = self.accounts[number]
        job_id = self.books.job(sizes, account, ordered=ordered, start=False)
        pieces, row = {}, 0
        for size in sizes:
            pieces[row] = Piece(size)
            row += size
        self.model.works[job_id] = Work(job_id, account, ordered, pieces)
        if start:
            self.begin(self.model.works[job_id])

    def begin(self, work: Work) -> None:
        answer = self.write(partial(self.books.start, job_id=work.id))
        if work.status != "pending":
            assert isinstance(answer, JobAlreadyStarted)
            return
        work.status, work.turn = "executing", self.books.time
        self.model.lanes.setdefault(work.account.id, self.books.time)

    @precondition(lambda self: self.model.works)
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.begin(self.pick(data))

    @precondition(lambda self: self.model.works)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        work = self.pick(data)
        answer = self.write(partial(self.books.stop, job_id=work.id))
        if work.status != "executing":
            assert isinstance(answer, JobNotRunning)
            return
        self.model.leave(work, "stopping")
        self.model.end_if_over(work)

    @precondition(lambda self: any(work.status in FINAL for work in self.model.works.values()))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        work = self.pick(data)
        answer = self.write(partial(self.books.delete, job_id=work.id))
        if work.status in {"executing", "stopping"}:
            assert isinstance(answer, JobRunning)
        else:
            del self.model.works[work.id]

    # What the engine does.

    @rule(owner=st.sampled_from(OWNERS), most=st.integers(1, 3))
    def take(self, owner: str, most: int) -> None:
        self.lease(owner, most)

    def lease(self, owner: str, most: int) -> list[Grant]:
        """What was given, each chunk as a hand of its own."""
        grant = self.books.take(owner, most=lambda job, chunk: most)
        expected = self.model.expected(self.books.time)
        assert (grant is None) == (expected is None)
        if grant is None or expected is None:
            return []
        work, row = expected
        rows = work.with_it(row, most)
        assert (grant.job.id, [chunk.first_row for chunk in grant.chunks]) == (work.id, rows)
        work.turn = self.model.lanes[work.account.id] = self.books.time
        hands = [replace(grant, chunks=(chunk,)) for chunk in grant.chunks]
        for hand in hands:
            self.hold(work.pieces[hand.chunk.first_row], hand, owner)
        self.hands += hands
        return hands

    def hold(self, piece: Piece, hand: Grant, owner: str) -> None:
        assert (hand.chunk.row_count, hand.chunk.deaths) == (piece.rows, piece.deaths)
        piece.state, piece.holder, piece.owner, piece.counts = "leased", hand, owner, (0, 0)
        piece.lease_until = self.books.time + LEASE

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        grant = self.grant(data)
        succeeded = data.draw(st.integers(0, grant.chunk.row_count), label="succeeded")
        failed = data.draw(st.integers(0, grant.chunk.row_count - succeeded), label="failed")
        until, held = self.books.now() + LEASE, self.model.held(grant)
        answer = self.write(lambda tx: ledger.beat(tx, [Shown(grant.chunk, succeeded, failed)], lease_until=until))
        if held is None:
            assert isinstance(answer, Fenced)
            return
        work, piece = held
        assert answer == work.status
        piece.counts, piece.lease_until = (succeeded, failed), until

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        grant = self.grant(data)
        rows = grant.chunk.row_count
        done = data.draw(st.integers(1, rows), label="done") if data.draw(st.booleans(), label="a part") else rows
        self.finish(grant, done, data.draw(st.integers(0, done), label="failed"))

    def finish(self, grant: Grant, done: int, failed: int) -> None:
        held = self.model.held(grant)
        answer = self.write(lambda tx: self.books.settle(grant, failed, done, tx))
        if held is None:
            assert isinstance(answer, Fenced)
            return
        work, piece = held
        if done < piece.rows:
            work.pieces[grant.chunk.first_row + done] = Piece(piece.rows - done)
        piece.rows, piece.state, piece.holder, piece.owner = done, "settled", None, None
        piece.counts = (done - failed, failed)
        assert answer is self.model.end_if_over(work)

    def several(self, data: st.DataObject) -> list[Grant]:
        """Hands of one job, no chunk twice, among them perhaps some that no longer count."""
        first = self.grant(data)
        others = [hand for hand in reversed(self.hands) if hand.job.id == first.job.id]
        number = data.draw(st.integers(1, 4), label="so many")
        chosen = {hand.chunk.first_row: hand for hand in [*others[: number - 1], first]}
        return list(chosen.values())

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def settle_several(self, data: st.DataObject) -> None:
        """All of them count, or none does."""
        hands = self.several(data)
        held = [self.model.held(hand) for hand in hands]
        results = [Result(hand.chunk, tally(hand.chunk.row_count)) for hand in hands]
        answer = self.write(partial(ledger.settle, job=hands[0].job, results=results, now=self.books.now()))
        if None in held:
            assert isinstance(answer, Fenced)
            return
        for _, piece in filter(None, held):
            piece.state, piece.holder, piece.owner, piece.counts = "settled", None, None, (piece.rows, 0)
        assert answer is self.model.end_if_over(self.model.works[hands[0].job.id])

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def beat_for_several(self, data: st.DataObject) -> None:
        hands, until = self.several(data), self.books.now() + LEASE
        held = [self.model.held(hand) for hand in hands]
        answer = self.write(lambda tx: ledger.beat(tx, [Shown(hand.chunk, 1) for hand in hands], lease_until=until))
        if None in held:
            assert isinstance(answer, Fenced)
            return
        for _, piece in filter(None, held):
            piece.counts, piece.lease_until = (1, 0), until

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Those that are still held go back, whatever became of the others."""
        hands = self.several(data)
        held = {hand.chunk.first_row: self.model.held(hand) for hand in hands}
        chunks = [hand.chunk for hand in hands]
        answer = self.write(partial(ledger.release, chunks=chunks, now=self.books.now()))
        if not any(held.values()):
            assert isinstance(answer, Fenced)
            return
        assert answer == [chunk for chunk in chunks if held[chunk.first_row]]
        for _, piece in filter(None, held.values()):
            piece.open()
        self.model.end_if_over(self.model.works[hands[0].job.id])

    @precondition(lambda self: any(grant.chunk.row_count > 1 for grant in self.hands))
    @rule(data=st.data())
    def halve(self, data: st.DataObject) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.hands if grant.chunk.row_count > 1]), label="hand")
        half = grant.chunk.row_count // 2
        held = self.model.held(grant)
        answer = self.write(partial(ledger.halve, grant=grant, rest=after(grant.chunk, half), now=self.books.now()))
        assert isinstance(answer, Fenced) == (held is None)
        if held:
            work, piece = held
            work.pieces[grant.chunk.first_row + half] = Piece(piece.rows - half)
            piece.open(-piece.deaths)
            piece.rows = half
            self.model.end_if_over(work)

    @rule(owner=st.sampled_from(OWNERS))
    def die(self, owner: str) -> None:
        self.free(partial(ledger.bury, owner=owner), lambda name: name == owner, deaths=1)

    @rule()
    def come_back(self) -> None:
        """The server starts again, and frees what its runners held in their earlier life."""
        self.free(partial(ledger.recover, owners="server."), lambda name: name.startswith("server."), deaths=0)

    def free(self, change: Callable[..., int], whose: Callable[[str], bool], deaths: int) -> None:
        freed = 0
        for work in self.model.works.values():
            for piece in work.pieces.values():
                if piece.owner and whose(piece.owner):
                    piece.open(deaths)
                    freed += 1
            self.model.end_if_over(work)
        assert self.write(partial(change, now=self.books.now())) == freed

    @rule()
    def fall_silent(self) -> None:
        """All leases run out; what comes of the hands is still to be seen."""
        self.books.pass_time()

    @rule()
    def halt_stalled(self) -> None:
        now = self.books.now()
        stalled = [
            work
            for work in self.model.works.values()
            if work.status == "stopping"
            and all(piece.state != "leased" or piece.lease_until < now for piece in work.pieces.values())
        ]
        for work in stalled:
            self.model.cut_off(work, "stopped")
        assert self.write(partial(ledger.halt_stalled, now=now)) == len(stalled)

    @precondition(lambda self: any(work.status == "executing" for work in self.model.works.values()))
    @rule(data=st.data(), sure=st.integers(0, 3))
    def break_off(self, data: st.DataObject, sure: int) -> None:
        if sure == 0:
            work = self.pick(data, "executing")
            self.write(partial(jobs.break_off, job_id=work.id, reason="no reason", now=self.books.now()))
            self.model.cut_off(work, "internal_error")

    # What must hold.

    @invariant()
    def the_ledger_is_as_the_model_has_it(self) -> None:
        with self.books.store.read() as tx:
            chunks = query(tx, "SELECT * FROM chunks ORDER BY job_id, first_row")
            found = query(tx, "SELECT id, status, total_count, success_count, failure_count FROM jobs ORDER BY id")
            lanes = query(tx, "SELECT account_id, turn FROM lanes")
        assert {lane["account_id"]: lane["turn"] for lane in lanes} == self.model.lanes
        works = sorted(self.model.works.values(), key=lambda work: work.id)
        assert [tuple(job.values()) for job in found] == [
            (work.id, work.status, work.total, *work.counts) for work in works
        ]
        names = ("job_id", "first_row", "row_count", "state", "owner", "success_count", "failure_count", "deaths")
        assert [tuple(chunk[name] for name in names) for chunk in chunks] == [
            (work.id, row, piece.rows, piece.state, piece.owner, *piece.counts, piece.deaths)
            for work in works
            for row, piece in sorted(work.pieces.items())
        ]
        self.check_settled(chunks)

    def check_settled(self, chunks: list[dict[str, Any]]) -> None:
        """What is settled never changes, as long as its job is there."""
        settled = {(chunk["job_id"], chunk["first_row"]): chunk for chunk in chunks if chunk["state"] == "settled"}
        for key, chunk in self.settled.items():
            assert key[0] not in self.model.works or settled[key] == chunk
        self.settled = settled

    @invariant()
    def chunks_tile_the_rows_and_lanes_are_open(self) -> None:
        self.books.check()

    def teardown(self) -> None:
        """Everybody falls silent, the rest is run to its end, and no row is lost or doubled."""
        for work in list(self.model.works.values()):
            if work.status == "pending":
                self.begin(work)
        self.fall_silent()
        self.halt_stalled()
        while hands := self.lease("the last", 2):
            for hand in hands:
                self.finish(hand, hand.chunk.row_count, 0)
        self.the_ledger_is_as_the_model_has_it()
        self.books.check()
        for work in self.model.works.values():
            job = self.books.get(work.id)
            assert job.is_final
            if job.status not in {"stopped", "internal_error"}:
                assert job.success_count + job.failure_count == job.total_count


def test_the_ledger_agrees_with_its_model(store: Store) -> None:
    books = Books.found(store)
    accounts = [books.root, books.account(), books.account()]
    # A step takes five times as long on PostgreSQL, and the ledger is the same.
    examples = 50 if isinstance(store, SqliteStore) else 15
    machine = partial(LedgerMachine, books, accounts)
    run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=examples))
