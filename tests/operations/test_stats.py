"""Sums over an interval, against what the phases of a few lives add up to by hand."""

import pytest

from desk import Desk
from rota.domain.errors import WorkerNotFound
from rota.domain.items import Status, Verb
from rota.operations import holding, shifts, stats
from rota.operations.stats import Averages, ItemStats, OwnerStats, Waiting, WorkerStats
from rota.store.port import Store

ANN, BOB = "ann@example.org", "bob@example.org"
ADMIN = "admin@localhost"
MINUTE = 60_000_000


class Timeline:
    """A desk on which things happen at the minutes of an hour."""

    def __init__(self, store: Store) -> None:
        self.desk = Desk.found(store)
        for email in (ANN, BOB):
            self.desk.hire(email, on_shift=False)
        self.start = self.desk.time // MINUTE * MINUTE + MINUTE

    def at(self, minute: float) -> int:
        """The microsecond; the desk's clock stands just before it."""
        self.desk.time = self.start + int(minute * MINUTE) - 1
        return self.desk.time + 1


@pytest.fixture
def hour(store: Store) -> Timeline:
    """Ann gives one item back and completes it later; Bob fails with one, and has another in hand at the end."""
    line = Timeline(store)
    desk = line.desk
    line.at(0)
    one = desk.add("Write one", by=ANN, tags="x")
    line.at(0)
    two = desk.add("write 100% two", by=BOB, tags="x y")
    line.at(0)
    three = desk.add("three", by=BOB)
    for minute, email in ((5, ANN), (6, BOB)):
        line.at(minute)
        desk.login(email)
    for minute, email, verb, args in (
        (10, ANN, holding.grab, (one.id,)),
        (12, ANN, holding.release, (one.id,)),
        (15, BOB, holding.grab, (two.id,)),
        (20, ANN, holding.grab, (one.id,)),
        (25, ANN, holding.suspend, (one.id,)),
        (30, BOB, holding.complete, (two.id, Verb.COMPLETE_FAILURE)),
        (31, ANN, holding.activate, (one.id,)),
        (40, ANN, holding.complete, (one.id,)),
        (45, ANN, shifts.logout, ()),
        (50, BOB, holding.grab, (three.id,)),
    ):
        line.at(minute)
        desk.act(verb, email, *args)
    line.at(60)
    return line


def minutes(count: float) -> float:
    return count * MINUTE


def test_of_workers(hour: Timeline) -> None:
    with hour.desk.store.read() as tx:
        found = stats.workers(tx, hour.desk.admin, now=hour.at(60))
    assert found == {
        ANN: WorkerStats(1, 40 * MINUTE, 16 * MINUTE, 6 * MINUTE, 2, 1, 1, 1, minutes(40)),
        BOB: WorkerStats(1, 54 * MINUTE, 25 * MINUTE, 0, 2, 0, 1, 0, minutes(30)),
    }
    ann, bob = found[ANN], found[BOB]
    assert (ann.average_session_us, ann.rejection_ratio, ann.failure_ratio) == (40 * MINUTE, 0.5, 0.0)
    assert (bob.rejection_ratio, bob.failure_ratio) == (0.0, 1.0)


def test_an_interval_cuts_off_what_goes_beyond_it(hour: Timeline) -> None:
    with hour.desk.store.read() as tx:
        found = stats.workers(tx, hour.desk.admin, since=hour.at(22), until=hour.at(35), now=hour.at(60))
        before = stats.workers(tx, hour.desk.admin, until=hour.at(1), now=hour.at(60))
        late = stats.workers(tx, hour.desk.admin, since=hour.at(55), until=hour.at(999), now=hour.at(60))
    assert found == {
        ANN: WorkerStats(1, 13 * MINUTE, 7 * MINUTE, 6 * MINUTE),
        BOB: WorkerStats(1, 13 * MINUTE, 8 * MINUTE, 0, 0, 0, 1, 0, minutes(30)),
    }
    assert before == {}
    assert late == {BOB: WorkerStats(1, 5 * MINUTE, 5 * MINUTE)}


def test_an_interval_without_a_moment_holds_nothing(hour: Timeline) -> None:
    admin, now = hour.desk.admin, hour.at(60)
    for since, until in ((hour.at(99), None), (hour.at(99), hour.at(100)), (hour.at(22), hour.at(22))):
        with hour.desk.store.read() as tx:
            assert stats.workers(tx, admin, since=since, until=until, now=now) == {}
            assert stats.workers(tx, admin, since=since, until=until, email=ANN, now=now) == {ANN: WorkerStats()}
            assert stats.owners(tx, admin, since=since, until=until, now=now) == {}
            assert stats.items(tx, admin, since=since, until=until, now=now) == ItemStats(0, 0, 0, Averages())
            assert stats.waiting(tx, admin, 1, since=since, until=until, now=now) == Waiting(0, 0, None, None)


def test_words_of_any_alphabet_are_found_in_a_title(hour: Timeline) -> None:
    hour.desk.add("ÄRGER mit ΣΑΣ")
    with hour.desk.store.read() as tx:
        for words in ("ÄRGER mit ΣΑΣ", "ÄrGeR MIT", "σ"):
            found = stats.items(tx, hour.desk.admin, title=words, now=hour.at(61)).requested
            assert found == (words != "σ"), words


def test_of_one_worker(hour: Timeline) -> None:
    with hour.desk.store.read() as tx:
        assert set(stats.workers(tx, hour.desk.admin, email=ANN, now=hour.at(60))) == {ANN}
        nothing = stats.workers(tx, hour.desk.admin, email=ADMIN, now=hour.at(60))
        assert nothing == {ADMIN: WorkerStats()}
        assert (nothing[ADMIN].average_session_us, nothing[ADMIN].rejection_ratio) == (None, None)
        with pytest.raises(WorkerNotFound):
            stats.workers(tx, hour.desk.admin, email="nobody@example.org", now=hour.at(60))


def test_of_owners(hour: Timeline) -> None:
    with hour.desk.store.read() as tx:
        found = stats.owners(tx, hour.desk.admin, now=hour.at(60))
    ann = Averages(minutes(40), minutes(14), minutes(6), minutes(18), minutes(2), 1.0)
    bob = Averages(minutes(30), minutes(15), 0.0, minutes(15), 0.0, 0.0)
    assert found == {
        ANN: OwnerStats(1, 1, 1, 16 * MINUTE, 1, 2, 1, ann),
        BOB: OwnerStats(2, 1, 0, 25 * MINUTE, 1, 2, 0, bob),
    }
    assert (found[ANN].rejection_ratio, found[BOB].failure_ratio) == (0.5, 1.0)
    for owner in found.values():
        times = owner.averages
        parts = (times.worked_us, times.suspended_us, times.queued_us, times.rejected_us)
        assert sum(part or 0 for part in parts) == times.turnaround_us


def test_of_items(hour: Timeline) -> None:
    with hour.desk.store.read() as tx:
        everything = stats.items(tx, hour.desk.admin, now=hour.at(60))
        words = [
            stats.items(tx, hour.desk.admin, now=hour.at(60), **narrowed).requested
            for narrowed in (
                {"tag": "x"},
                {"tag": "y"},
                {"title": "WRITE"},
                {"title": "100%"},
                {"title": "%"},
                {"title": "_"},
            )
        ]
        nothing = stats.items(tx, hour.desk.admin, tag="z", now=hour.at(60))
    averages = Averages(minutes(35), minutes(14.5), minutes(3), minutes(16.5), minutes(1), 0.5)
    assert everything == ItemStats(3, 2, 1, averages)
    assert words == [2, 1, 2, 1, 1, 0]
    assert nothing == ItemStats(0, 0, 0, Averages())
    assert nothing.failure_ratio is None


def test_of_the_queue(hour: Timeline) -> None:
    waits = hour.desk.add()
    with hour.desk.store.read() as tx:
        admin = hour.desk.admin
        counts = stats.by_status(tx, admin)
        found = stats.waiting(tx, admin, 10 * MINUTE, now=hour.at(60))
        none = stats.waiting(tx, admin, MINUTE, since=hour.at(55), now=hour.at(60))
        assert [item.id for item in stats.longest_waiting(tx, admin)] == [waits.id]
    assert counts == {
        Status.QUEUED: 1, Status.ACTIVE: 1, Status.SUSPENDED: 0, Status.COMPLETED: 2, Status.DELETED: 0,
    }  # fmt: skip
    assert found == Waiting(4, 2, pytest.approx(minutes((10 + 15 + 8 + 50) / 4)), 50 * MINUTE)
    assert none == Waiting(0, 0, None, None)


def test_sums_take_as_many_statements_for_many_people_as_for_one(hour: Timeline, statements: list[str]) -> None:
    def cost() -> int:
        statements.clear()
        with hour.desk.store.read() as tx:
            stats.workers(tx, hour.desk.admin, now=hour.at(60))
            stats.owners(tx, hour.desk.admin, now=hour.at(60))
        return len(statements)

    few = cost()
    for number in range(5):
        hour.desk.hire(f"{number}@example.org")
        hour.desk.add(by=f"{number}@example.org")
    assert cost() == few == 9
