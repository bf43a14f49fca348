"""What a runner does with what it has in hand: a bunch of small chunks, or one that is worth dividing."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from rota.actions.registry import Action, Catalogue, Context, Form, Refused
from rota.clock import now
from rota.domain.errors import StoreUnavailable
from rota.domain.jobs import STOPPED_DURING_ROW, Chunk, Status
from rota.domain.rows import format_rows
from rota.engine import ledger, runner
from rota.engine.hand import Hand
from rota.engine.ledger import Grant
from rota.engine.pace import BUNCH, BUNCH_S, Pace
from rota.engine.runner import Runner
from rota.engine.work import Engine
from rota.store.port import Blobs, Store, Tx
from support import PATIENCE_S, House

Run = Callable[[], Grant | None]


class Gate:
    """Rows that say `hold` wait here until it is opened."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def work(self, context: Context, row: Mapping[str, str]) -> None:
        word = row["word"]
        if word == "refuse":
            raise Refused("not this one")
        if word == "crash":
            raise RuntimeError("on purpose")
        if word == "hold":
            self.entered.set()
            assert self.opened.wait(PATIENCE_S)

    def actions(self) -> Iterator[Action]:
        usual: dict[str, Any] = {"call": self.work, "form": Form.ROW, "mandatory": ("word",)}
        yield Action("trial", "one", "", "", **usual, chunk_rows=1)
        yield Action("trial", "many", "", "", **usual, chunk_rows=100)
        yield Action("trial", "ordered", "", "", **usual, chunk_rows=100, ordered=True)
        yield Action("trial", "fatal", "", "", **usual, chunk_rows=1, crash_ends_job=True)


class Shaky:
    """A store whose connection breaks while a transaction ends: before its commit, or after it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.breaks: str | None = None
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self, **given: Any) -> Iterator[Tx]:
        with self._store.write(**given) as tx:
            yield tx
            if self.breaks == "before":
                raise self._broken()
        self.commits += 1
        if self.breaks == "after":
            raise self._broken()

    def _broken(self) -> StoreUnavailable:
        self.breaks = None
        return StoreUnavailable("on purpose")


@dataclass
class Lab:
    """A runner's parts, put together by hand."""

    house: House
    engine: Engine
    store: Shaky
    gate: Gate
    pool: ThreadPoolExecutor
    draining: threading.Event = field(default_factory=threading.Event)
    pace: Pace = field(default_factory=Pace)

    def submit(self, action: str, *words: str) -> str:
        return self.house.submit(action, format_rows([["word"], *([word] for word in words)]))

    def take(self, most: int = 1) -> Grant:
        with self.store.write() as tx:
            times = {"lease_until": now() + 10_000_000, "now": now()}
            grant = ledger.take(tx, "me", most=lambda job, chunk: most, **times)
        assert grant is not None
        return grant

    def hand(self, grant: Grant) -> Hand:
        return Hand(self.engine, grant, self.draining, self.pace, lambda tx: None)

    def begin(self, grant: Grant) -> tuple[Hand, "Future[Grant | None]"]:
        """A hand that waits at the gate, in a thread of its own."""
        hand = self.hand(grant)
        answer = self.pool.submit(hand.run)
        assert self.gate.entered.wait(PATIENCE_S)
        return hand, answer

    def change(self, change: Callable[[Tx], Any]) -> Any:
        with self.store.write() as tx:
            return change(tx)

    def chunks(self, job_id: str) -> list[tuple[int, int, str]]:
        """First row, rows and state of each."""
        with self.store.read() as tx:
            chunks = tx.all("chunks_of_job", job_id=job_id)
        return [(chunk["first_row"], chunk["row_count"], chunk["state"]) for chunk in chunks]

    def states(self, job_id: str) -> list[str]:
        return [state for *_, state in self.chunks(job_id)]

    def segments(self, job_id: str) -> list[int]:
        """The first rows of the chunks that have left anything behind."""
        names = self.house.blobs.names(f"jobs/{job_id}/segments/")
        return sorted({int(name.rsplit("/")[-1].partition(".")[0]) for name in names})


@pytest.fixture
def lab(store: Store, blobs: Blobs) -> Iterator[Lab]:
    gate, shaky = Gate(), Shaky(store)
    House.found(store, blobs)
    catalogue = Catalogue(gate.actions())
    engine = Engine(shaky, blobs, catalogue, now, 10.0, {}, structlog.get_logger())
    with ThreadPoolExecutor(1) as pool:
        yield Lab(House(store, blobs, catalogue), engine, shaky, gate, pool)
        gate.opened.set()


def test_a_bunch_is_one_commit_and_each_of_its_chunks_has_its_own_event_and_segment(lab: Lab) -> None:
    job_id = lab.submit("trial.one", "a", "refuse", "b", "crash", "c")
    grant = lab.take(4)
    before = lab.store.commits
    lab.hand(grant).run()
    assert lab.store.commits == before + 1
    assert lab.states(job_id) == ["settled"] * 4 + ["open"]
    assert lab.segments(job_id) == [0, 1, 2, 3]
    assert (lab.house.job(job_id).success_count, lab.house.job(job_id).failure_count) == (2, 2)
    with lab.store.read() as tx:
        kinds = [row["kind"] for row in tx.all("events_of_subject", subject=f"job:{job_id}")]
        totals = {row["name"]: row["amount"] for row in tx.all("totals_all")}
    assert kinds.count("chunk.settled") == 4
    assert (totals["leases"], totals["chunks"], totals["rows_succeeded"], totals["rows_failed"]) == (4, 4, 2, 2)
    lab.hand(lab.take(4)).run()
    assert lab.house.job(job_id).status is Status.PARTIAL
    assert [line[0] for line in lab.house.lines(job_id)] == ["a", "refuse", "b", "crash", "c"]


def test_a_bunch_takes_no_more_trips_than_a_chunk(lab: Lab, statements: list[str]) -> None:
    """What is asked of the database one by one: statements that go together are one trip."""
    lab.submit("trial.one", *"abcdefgh")
    asked: list[int] = []
    for most in (2, 4):
        grant = lab.take(most)
        statements.clear()
        lab.hand(grant).run()
        apart = [name for name in statements if name not in {"chunk_settle", "event_insert"}]
        asked.append(len(apart))
    assert asked[0] == asked[1]


def test_a_chunk_that_was_lost_takes_none_of_its_bunch_with_it(lab: Lab) -> None:
    job_id = lab.submit("trial.one", *"abcd")
    grant = lab.take(4)
    lab.change(lambda tx: ledger.release(tx, [grant.chunks[1]], now=now()))
    assert lab.hand(grant).run() is None
    assert lab.states(job_id) == ["settled", "open", "settled", "settled"]
    assert lab.segments(job_id) == [0, 2, 3]
    lab.hand(lab.take()).run()
    assert lab.house.job(job_id).status is Status.SUCCESS


def test_a_row_that_lasts_keeps_only_its_own_chunk(lab: Lab) -> None:
    job_id = lab.submit("trial.one", "a", "hold", "b", "c")
    hand, answer = lab.begin(lab.take(4))
    assert hand.beat(60.0) is False
    assert lab.states(job_id) == ["leased", "leased", "open", "open"]
    assert lab.house.job(job_id).success_count == 1
    lab.hand(lab.take(4)).run()
    assert lab.states(job_id) == ["leased", "leased", "settled", "settled"]
    lab.gate.opened.set()
    assert answer.result(PATIENCE_S) is None
    assert lab.house.job(job_id).status is Status.SUCCESS


@pytest.mark.parametrize("breaks", ["before", "after"])
def test_chunks_that_nobody_knows_to_have_been_let_go_are_neither_lost_nor_doubled(lab: Lab, breaks: str) -> None:
    job_id = lab.submit("trial.one", "hold", "a", "b")
    hand, answer = lab.begin(lab.take(3))
    lab.store.breaks = breaks
    with pytest.raises(StoreUnavailable):
        hand.beat(60.0)
    lab.gate.opened.set()
    assert answer.result(PATIENCE_S) is None
    assert lab.states(job_id) == ["settled", *(["settled"] * 2 if breaks == "before" else ["open"] * 2)]
    while not lab.house.job(job_id).is_final:
        lab.hand(lab.take()).run()
    assert [line[0] for line in lab.house.lines(job_id)] == ["hold", "a", "b"]


def test_a_drain_gives_back_what_was_not_begun(lab: Lab) -> None:
    job_id = lab.submit("trial.one", "a", "hold", "b", "c")
    _, answer = lab.begin(lab.take(4))
    lab.draining.set()
    lab.gate.opened.set()
    assert answer.result(PATIENCE_S) is None
    assert lab.states(job_id) == ["settled", "settled", "open", "open"]


def test_a_stop_settles_the_whole_bunch_around_a_row_that_will_not_end(lab: Lab) -> None:
    job_id = lab.submit("trial.one", "a", "hold", "b")
    hand = lab.hand(lab.take(3))
    # It is left waiting for an end of its process, which the test's is not.
    threading.Thread(target=hand.run, daemon=True).start()
    assert lab.gate.entered.wait(PATIENCE_S)
    lab.house.stop(job_id)
    hand.beat(60.0)
    assert hand.beat(0.0)
    assert hand.abandon()
    job = lab.house.job(job_id)
    assert (job.status, job.success_count, job.failure_count) == (Status.STOPPED, 1, 1)
    assert lab.house.lines(job_id) == [["a", ""], ["hold", STOPPED_DURING_ROW]]
    assert not hand.abandon()


def test_a_crash_that_ends_its_job_takes_nothing_with_it_that_was_done_before(lab: Lab) -> None:
    job_id = lab.submit("trial.fatal", *"abcdef", "crash")
    Runner(lab.engine, "me").work_off()
    assert lab.house.job(job_id).status is Status.INTERNAL_ERROR
    assert lab.house.job(job_id).success_count == 6


@pytest.mark.parametrize("breaks", ["before", "after"])
def test_a_settle_that_broke_off_loses_no_segment(lab: Lab, breaks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its connection breaks nobody knows whether a commit holds; where it does, so must the segments."""
    monkeypatch.setattr(runner, "RETRY_S", 0.0)
    job_id = lab.submit("trial.one", "hold")
    runs = Runner(lab.engine, "me")
    answer = lab.pool.submit(runs.work_off)
    assert lab.gate.entered.wait(PATIENCE_S)
    lab.store.breaks = breaks
    lab.gate.opened.set()
    answer.result(PATIENCE_S)
    assert lab.house.job(job_id).status is Status.SUCCESS
    assert [line[0] for line in lab.house.lines(job_id)] == ["hold"]


def lasting(lab: Lab, action: str, done: int, rows: int) -> tuple[str, Hand, "Future[Grant | None]"]:
    """A chunk whose first `done` rows have taken a second, as far as the hand knows; the last of them waits still."""
    job_id = lab.submit(action, *["a"] * (done - 1), "hold", *["b"] * (rows - done))
    hand, answer = lab.begin(lab.take())
    hand.since = time.monotonic() - 1.0
    return job_id, hand, answer


def test_a_chunk_is_divided_at_a_beat_when_none_waits_for_a_runner(lab: Lab) -> None:
    job_id, hand, answer = lasting(lab, "trial.many", 2, 10)
    hand.beat(60.0)
    lab.gate.opened.set()
    answer.result(PATIENCE_S)
    assert lab.chunks(job_id) == [(0, 2, "settled"), (2, 4, "open"), (6, 4, "open")]


@pytest.mark.parametrize(("done", "rows"), [(9, 10), (40, 48)])
def test_a_rest_that_will_soon_be_over_is_not_divided(lab: Lab, done: int, rows: int) -> None:
    job_id, hand, answer = lasting(lab, "trial.many", done, rows)
    hand.beat(60.0)
    lab.gate.opened.set()
    answer.result(PATIENCE_S)
    assert lab.chunks(job_id) == [(0, rows, "settled")]


def test_a_chunk_is_not_divided_while_another_waits(lab: Lab) -> None:
    job_id, hand, answer = lasting(lab, "trial.many", 2, 10)
    lab.submit("trial.many", "a")
    hand.beat(60.0)
    lab.gate.opened.set()
    answer.result(PATIENCE_S)
    assert lab.chunks(job_id) == [(0, 10, "settled")]


def test_chunks_that_run_one_after_the_other_are_not_divided(lab: Lab) -> None:
    job_id, hand, answer = lasting(lab, "trial.ordered", 2, 10)
    hand.beat(60.0)
    lab.gate.opened.set()
    answer.result(PATIENCE_S)
    assert lab.chunks(job_id) == [(0, 10, "settled")]


@pytest.mark.parametrize(
    ("row_s", "rows", "most"), [(BUNCH_S / 1_000, 1, BUNCH), (BUNCH_S / 5, 1, 5), (BUNCH_S / 50, 10, 5), (60.0, 1, 1)]
)
def test_a_bunch_holds_what_passes_in_its_time(lab: Lab, row_s: float, rows: int, most: int) -> None:
    lab.submit("trial.one", "a")
    grant, pace = lab.take(), Pace()
    chunk = Chunk(grant.job.id, 0, rows, 0, 2, 1, 0)
    assert pace.most(grant.job, chunk) == 1, "nothing is known yet"
    pace.note("trial.one", 7, 7 * row_s)
    assert pace.most(grant.job, chunk) in {most, most - 1}
