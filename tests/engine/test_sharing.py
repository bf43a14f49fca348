"""How runners are shared: priorities that starve nobody, and limits that hold however many take at once."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from books import LEASE, SECOND, Books, tally
from races import at_once, attempt, overlap
from rota.domain.sharing import FREE, Rules, parse_numbers
from rota.engine import ledger
from rota.engine.ledger import STARVED_US, Grant, Result
from rota.store.port import Store, Tx

Open = Callable[[], Store]
RUNNERS = 4


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


def waits(books: Books, rules: Rules) -> bool:
    with books.store.read() as tx:
        return ledger.is_waiting(tx, rules, now=books.now())


def order_of(books: Books, rules: Rules, count: int) -> list[str]:
    """The jobs that are given so many runners, one after the other."""
    found = []
    for _ in range(count):
        grant = books.take(rules=rules)
        assert grant is not None
        books.settle(grant)
        found.append(grant.job.id)
    return found


def test_levels_are_the_priorities_from_above() -> None:
    rules = Rules({"a.low": -1, "a.usual": 0, "a.high": 5, "b.high": 5})
    assert rules.levels == ({"a.low", "a.usual"}, {"a.low"}, frozenset())
    assert Rules({"a.a": 0, "a.b": 0}).levels == FREE.levels == (frozenset(),)


def test_an_account_and_an_action_are_full_at_their_limits() -> None:
    rules = Rules(action_limits={"a.a": 2}, account_limit=3)
    held = [("one", "a.a", 1), ("one", "b.b", 2), ("two", "a.a", 1), ("two", "b.b", 1)]
    assert rules.full(held) == {"one", "a.a"}
    assert rules.slots("one", "a.a") == ("one", "a.a")
    assert Rules(action_limits={"a.a": 2}).slots("one", "b.b") == FREE.slots("one", "a.a") == ()


@pytest.mark.parametrize("text", ["http=4", "http.call", "http.call=many", ".call=4", "http.=4", "=4"])
def test_numbers_of_actions_are_read_whole_or_not_at_all(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_numbers(f"skel.id1=1,{text}")
    assert parse_numbers(" http.call=4, skel.id1 = -2 ,") == {"http.call": 4, "skel.id1": -2}


def test_a_higher_priority_comes_first_whosever_it_is(books: Books) -> None:
    usual = books.job([1] * 4)
    high = books.job([1] * 3, books.account(), action="high")
    rules = Rules({"trial.high": 10, "trial.row": 0})
    assert order_of(books, rules, 7) == [high] * 3 + [usual] * 4


def test_a_lower_priority_comes_last(books: Books) -> None:
    low = books.job([1, 1], action="low")
    usual = books.job([1, 1], action="unheard of")
    assert order_of(books, Rules({"trial.low": -1, "trial.row": 0}), 4) == [usual, usual, low, low]


def test_equal_priorities_take_turns(books: Books) -> None:
    one, two = (books.job([1, 1], books.account(), action="high") for _ in range(2))
    assert order_of(books, Rules({"trial.high": 10}), 4) == [one, two, one, two]


def test_a_low_priority_is_served_once_in_a_while(books: Books) -> None:
    low = books.job([1] * 3)
    high = books.job([1] * 9, action="high")
    rules = Rules({"trial.high": 10, "trial.row": 0})
    assert order_of(books, rules, 2) == [high] * 2
    books.pass_time(STARVED_US)
    assert order_of(books, rules, 3) == [low, high, high]
    books.pass_time(STARVED_US)
    assert low in order_of(books, rules, 2)


@pytest.mark.parametrize(
    "rules", [Rules(action_limits={"trial.row": 2}), Rules(account_limit=2)], ids=["action", "account"]
)
def test_a_limit_holds_until_a_chunk_is_out_of_hand(books: Books, rules: Rules) -> None:
    books.job([2] * 5)
    first, second = (books.take(name, rules=rules) for name in ("one", "two"))
    assert first and second
    assert books.take("three", rules=rules) is None
    assert not waits(books, rules)
    books.settle(first)
    assert waits(books, rules)
    third = books.take("three", rules=rules)
    assert third
    assert books.take("four", rules=rules) is None
    # A rest that goes back makes room, too.
    books.settle(third, done=1)
    assert books.take("four", rules=rules)
    assert books.take("five", rules=rules) is None
    attempt(books.store, lambda tx: ledger.bury(tx, "two", now=books.now()))
    assert books.take("five", rules=rules)
    books.check()


def test_chunks_that_count_towards_a_limit_are_taken_one_by_one(books: Books) -> None:
    rules = Rules(action_limits={"trial.row": 1})
    books.job([1] * 4)
    limited = books.take("one", rules=rules, most=lambda job, chunk: 3)
    assert limited and len(limited.chunks) == 1
    books.job([1] * 4, books.account(), action="other")
    free = books.take("one", rules=rules, most=lambda job, chunk: 3)
    assert free and (free.job.action, len(free.chunks)) == ("other", 3)


def test_limits_are_of_all_jobs_and_the_others_go_on(books: Books) -> None:
    one, two = books.account(), books.account()
    rules = Rules(action_limits={"trial.row": 1}, account_limit=2)
    for account in (one, two):
        books.job([1, 1], account)
        books.job([1, 1, 1], account, action="other")
    taken = [grant for number in range(9) if (grant := books.take(f"runner.{number}", rules=rules))]
    assert Counter(grant.job.account_id for grant in taken) == {one.id: 2, two.id: 2}
    assert Counter(grant.job.action for grant in taken) == {"row": 1, "other": 3}


def test_a_takeover_needs_no_slot_of_its_own(books: Books) -> None:
    rules = Rules(action_limits={"trial.row": 1})
    books.job([1, 1])
    dead = books.take("dead", rules=rules)
    assert dead and books.take("two", rules=rules) is None
    books.pass_time(LEASE + SECOND)
    assert waits(books, rules)
    second = books.take("two", rules=rules)
    assert second and second.chunk.first_row == dead.chunk.first_row
    assert books.take("three", rules=rules) is None
    books.check()


@pytest.mark.parametrize("patient", [False, True])
def test_two_who_take_the_last_slot_at_once_do_not_both_get_it(books: Books, open_store: Open, patient: bool) -> None:
    """The second looks while the first has not committed, and passes over it or waits, as it was asked to."""
    rules = Rules(account_limit=1)
    for _ in range(2):
        books.job([1])

    def second(tx: Tx) -> Grant | None:
        now = books.now()
        return ledger.take(tx, "two", rules, lease_until=now + LEASE, now=now, waits=patient)

    taken = overlap(books.store, lambda tx: books.take("one", tx, rules), open_store(), second)
    assert [grant is not None for grant in taken] == [True, False]
    books.check()


class Crowd:
    """Runners that settle and take in one transaction, and take in one of its own when there is nothing to settle."""

    def __init__(self, books: Books, rules: Rules, job_ids: list[str]) -> None:
        self.books, self.rules, self.job_ids, self.lock = books, rules, job_ids, threading.Lock()
        self.most: Counter[str] = Counter()

    def now(self) -> int:
        with self.lock:
            return self.books.now()

    def run(self, store: Store, owner: str) -> None:
        grant: Grant | None = None
        while grant or not all(self.books.get(job_id).is_final for job_id in self.job_ids):
            with store.write() as tx:
                if grant:
                    ledger.settle(tx, grant.job, [Result(grant.chunk, tally(grant.chunk.row_count))], now=self.now())
                now = self.now()
                grant = ledger.take(tx, owner, self.rules, lease_until=now + LEASE, now=now, waits=grant is None)
            self.count(store)

    def count(self, store: Store) -> None:
        with store.read() as tx:
            rows = tx.all("slots_held")
        with self.lock:
            for name in ("account_id", "action"):
                held: Counter[str] = Counter()
                for row in rows:
                    held[row[name]] += row["held"]
                self.most |= held


def test_limits_hold_while_many_take_at_once(books: Books, store: Store, open_store: Open) -> None:
    one, two = books.account(), books.account()
    job_ids = [books.job([1] * 15, account, action=action) for account in (one, two) for action in ("row", "other")]
    crowd = Crowd(books, Rules(action_limits={"trial.row": 1}, account_limit=2), job_ids)
    stores = [store, *(open_store() for _ in range(RUNNERS - 1))]
    at_once(*(partial(crowd.run, each, f"runner.{number}") for number, each in enumerate(stores)))
    assert crowd.most["trial.row"] == 1
    assert max(crowd.most[one.id], crowd.most[two.id]) == 2
    assert books.totals()["chunks"] == 60
    books.check()
