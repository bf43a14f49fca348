"""Listening to the log: everybody hears all of their account once and in order, whoever comes, goes or is slow."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from desk import ROOT, Desk
from rota.dialects import feed as feeds
from rota.dialects.feed import Feed, Listener
from rota.domain.errors import StoreUnavailable, TooManyStreams
from rota.domain.events import Kind
from rota.operations import accounts, holding, item_batches, items, shifts
from rota.operations.log import Choice
from rota.operations.tail import Tail, Told
from rota.store.port import Store, Tx
from support import PATIENCE_S, wait_until

ANN, BOB, ADMIN = "ann@example.org", "bob@example.org", "admin@localhost"
ALL = Choice()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk.found(store, ANN, BOB)


@pytest.fixture
def feed(store: Store) -> Iterator[Feed]:
    made = Feed(store, 5, poll_s=0.001)
    yield made
    made.close()
    wait_until(lambda: not following(), "the end of the thread")


def following() -> bool:
    return any(thread.name == "feed" for thread in threading.enumerate())


def heard(listener: Listener, count: int) -> list[int | None]:
    """The items of the next so many events; fails when more come with the last."""
    found: list[int | None] = []

    def has_all() -> bool:
        found.extend(each.item_id for each in listener.next(PATIENCE_S))
        return len(found) >= count

    wait_until(has_all, f"{count} events")
    assert len(found) == count, found
    return found


def test_what_commits_after_the_beginning_is_heard_and_nothing_else(desk: Desk, feed: Feed) -> None:
    desk.add()
    listener = feed.join(ROOT, ALL)
    added = [desk.add().id, desk.add().id]
    assert heard(listener, 2) == added
    assert listener.next(0.01) == []


def test_what_was_written_just_before_the_beginning_is_not_heard(desk: Desk, feed: Feed) -> None:
    """Although the thread may still have to read it, for it follows the log a little behind."""
    first = feed.join(ROOT, ALL)
    for _ in range(30):
        before = desk.add().id
        listener = feed.join(ROOT, ALL)
        after = desk.add().id
        assert heard(listener, 1) == [after]
        assert heard(first, 2) == [before, after]
        listener.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_was_about_to_commit_at_the_beginning_is_heard(
    desk: Desk, feed: Feed, open_store: Callable[[], Store]
) -> None:
    first, other = feed.join(ROOT, ALL), open_store()
    with other.write() as tx:
        late = items.add(tx, desk.admin, {"title": "late"}, now=desk.now())
        before = desk.add()
        listener = feed.join(ROOT, ALL)
        after = desk.add()
        assert listener.next(0.01) == []
    assert heard(listener, 2) == [late.id, after.id]
    assert heard(first, 3) == [late.id, before.id, after.id]


def test_whoever_names_an_event_hears_all_that_came_after_it(
    desk: Desk, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LIMIT", 3)
    added = [desk.add().id for _ in range(8)]
    lines = desk.lines()
    listener = feed.join(ROOT, ALL, lines[-7].id)
    added.append(desk.add().id)
    assert heard(listener, 7) == added[2:]
    assert heard(feed.join(ROOT, ALL, 0), len(lines) + 1)[-9:] == added


def test_an_event_that_is_yet_to_come_stands_for_now(desk: Desk, feed: Feed) -> None:
    desk.add()
    listener = feed.join(ROOT, ALL, 10**15)
    added = desk.add()
    assert heard(listener, 1) == [added.id]


def test_an_event_that_this_process_has_not_read_yet_is_not_heard_again(desk: Desk, store: Store) -> None:
    """As of a client that comes from another server, which was a little faster."""
    slow = Feed(store, 5, poll_s=PATIENCE_S)
    first = slow.join(ROOT, ALL)
    desk.add()
    listener = slow.join(ROOT, ALL, desk.lines()[-1].id)
    added = desk.add()
    # The thread sleeps on; this is what it does when it wakes.
    slow._tell(*_news(store, first.position))
    assert heard(listener, 1) == [added.id]
    slow.close()


def _news(store: Store, position: int) -> tuple[list[Told], int]:
    tail = Tail(store, position)
    return tail.next(), tail.position


def test_the_past_is_chosen_as_the_present_is(desk: Desk, feed: Feed) -> None:
    choices = [
        ALL,
        Choice(kinds=(Kind.ITEM_GRABBED,)),
        Choice(kinds=(Kind.SHIFT_STARTED, Kind.SHIFT_ENDED)),
        Choice(user=ANN),
        Choice(user=ANN, item_id=1),
        Choice(user=BOB, kinds=(Kind.ITEM_ADDED,)),
        Choice(item_id=2),
        Choice(item_id=2, kinds=(Kind.ITEM_GRABBED, Kind.ITEM_SUCCEEDED)),
        Choice(user="nobody@example.org"),
        Choice(user="no\0body"),
    ]
    begun = desk.lines()[-1].id
    present = feed.join(ROOT, ALL, begun)
    for _ in range(2):
        desk.add(by=ANN), desk.add(by=BOB)
        for email in (ANN, BOB):
            taken = desk.act(holding.grab, email)
            desk.act(holding.complete, email, taken.item.id)
    desk.act(items.available, ANN, 1)
    desk.act(shifts.logout, BOB)
    told: list[Told] = []
    while not told or told[-1].kind != Kind.SHIFT_ENDED:
        told += present.next(PATIENCE_S)
    assert len(told) == 14
    for choice in choices:
        past = feed.join(ROOT, choice, begun)
        # What was there before it came is no longer kept.
        past._channel = replace(past._channel, floor=told[-1].id, told=[])
        assert past.next(0) == [each for each in told if choice.takes(each)]
        past.close()


def test_whoever_is_too_slow_reads_the_rest_from_the_database(
    desk: Desk, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "KEPT", 4)
    slow, quick = feed.join(ROOT, ALL), feed.join(ROOT, ALL)
    added = []
    for _ in range(30):
        added.append(desk.add().id)
        assert heard(quick, 1) == added[-1:]
    assert len(quick._channel.told) <= 8
    assert heard(slow, 30) == added


def test_listeners_of_other_accounts_hear_nothing(desk: Desk, feed: Feed) -> None:
    child = "c" * 32
    with desk.store.write() as tx:
        account = accounts.add_account(tx, desk.admin, "child", None, account_id=child, now=desk.now())
        accounts.add_user(tx, desk.admin, "kim@example.org", account_id=child, now=desk.now())
    kim = replace(desk.admin, account=account, user=replace(desk.admin.user, account_id=child, superuser=False))
    theirs, ours = feed.join(child, ALL), feed.join(ROOT, ALL)
    mine = desk.add()
    with desk.store.write() as tx:
        hers = items.add(tx, kim, {"title": "x"}, now=desk.now())
    assert heard(theirs, 1) == [hers.id]
    assert heard(ours, 1) == [mine.id]


def test_many_hear_the_same_while_many_write(desk: Desk, feed: Feed, open_store: Callable[[], Store]) -> None:
    """Batches, single items and purges, more than a channel keeps, heard by listeners of any pace."""
    listeners = [feed.join(ROOT, ALL) for _ in range(4)]
    over = threading.Event()

    def add(number: int) -> None:
        store = open_store()
        for turn in range(12):
            with store.write() as tx:
                made = item_batches.add_all(tx, desk.admin, [{"title": f"{number}"}] * (1 + turn % 4), now=1)
                if turn % 5 == 4:
                    items.purge(tx, desk.admin, made[0].id, now=1)

    def listen(number: int) -> list[int]:
        ids: list[int] = []
        while True:
            was_over = over.is_set()
            told = listeners[number].next(0.05)
            ids += [each.id for each in told]
            if was_over and not told:
                return ids
            threading.Event().wait(0.003 * number)

    with ThreadPoolExecutor(8) as pool:
        listening = [pool.submit(listen, number) for number in range(4)]
        for writing in [pool.submit(add, number) for number in range(4)]:
            writing.result(PATIENCE_S)
        over.set()
        found = [each.result(PATIENCE_S) for each in listening]
    present = [line.id for line in desk.lines(kinds=(Kind.ITEM_ADDED,))]
    assert len(present) == 4 * (30 - 2)
    for ids in found:
        assert ids == sorted(set(ids))
        assert set(present) <= set(ids)


def test_no_more_listeners_than_may_be(desk: Desk, feed: Feed) -> None:
    crowd = [feed.join(ROOT, ALL) for _ in range(5)]
    with pytest.raises(TooManyStreams):
        feed.join("d" * 32, ALL)
    assert feed.listeners == 5
    crowd[0].close()
    crowd[0].close()
    assert feed.listeners == 4
    feed.join(ROOT, ALL).close()


def test_a_listener_who_could_not_begin_takes_no_place(
    desk: Desk, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(store, 1)
    with monkeypatch.context() as patched:
        patched.setattr(store, "read", _refuse)
        with pytest.raises(StoreUnavailable):
            feed.join(ROOT, ALL)
    with monkeypatch.context() as patched:
        patched.setattr(feeds.log, "after", _fail)
        with pytest.raises(StoreUnavailable):
            feed.join(ROOT, ALL)
    assert feed.listeners == 0
    feed.join(ROOT, ALL).close()
    feed.close()


@contextmanager
def _refuse() -> Iterator[Tx]:
    raise StoreUnavailable
    yield


def _fail(*_: object, **__: object) -> None:
    raise StoreUnavailable


def test_without_listeners_the_log_is_left_alone(desk: Desk, feed: Feed, statements: list[str]) -> None:
    wait_until(lambda: not following(), "the end of other feeds")
    for _ in range(2):
        listener = feed.join(ROOT, ALL)
        assert following()
        listener.close()
        wait_until(lambda: not following(), "the end of the thread")
        statements.clear()
        desk.add()
        assert "events_after" not in statements


def test_listeners_wait_without_any_statement_of_their_own(desk: Desk, feed: Feed, statements: list[str]) -> None:
    listeners = [feed.join(ROOT, ALL) for _ in range(5)]
    statements.clear()
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda each: each.next(0.05), listeners)) == [[]] * 5
    # On PostgreSQL a bell may do without any look.
    assert set(statements) <= {"events_after"}


def test_while_the_database_does_not_answer_listeners_wait(
    desk: Desk, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "PAUSE_S", 0.001)
    listener = feed.join(ROOT, ALL)
    failed = threading.Event()

    def refuse(*_: object) -> None:
        failed.set()
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(Tail, "next", refuse)
        assert failed.wait(PATIENCE_S)
        added = desk.add()
        assert listener.next(0.01) == []
    assert heard(listener, 1) == [added.id]


def test_at_the_end_everybody_is_woken_and_nobody_let_in(desk: Desk, feed: Feed) -> None:
    listeners = [feed.join(ROOT, ALL) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(each.next, PATIENCE_S) for each in listeners]
        feed.close()
        assert [each.result(PATIENCE_S / 10) for each in waiting] == [[]] * 3
    with pytest.raises(TooManyStreams):
        feed.join(ROOT, ALL)
