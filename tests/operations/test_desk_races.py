"""Workers who meet: one item in two hands, one worker with two requests, and what others do to the queue meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from desk import ROOT, SECOND, Desk, query
from races import at_once, attempt, overlap, until_waited_for
from rota.domain.accounts import Actor
from rota.domain.errors import (
    ItemNotFound,
    ItemNotQueued,
    NothingToGrab,
    NotOnShift,
    NotYourItem,
    Unauthenticated,
)
from rota.domain.items import Item, Status, Turn
from rota.domain.urgency import Weights
from rota.operations import accounts, holding, item_batches, items, shifts, urgency
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore

ANN, BOB = "ann@example.org", "bob@example.org"
ADMIN = "admin@localhost"
Change = Callable[[Tx], Any]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk.found(store, ANN, BOB)


@pytest.fixture
def other(open_store: Callable[[], Store], store: Store) -> Store:
    return open_store()


def does(desk: Desk, verb: Callable[..., Any], email: str, *args: Any) -> Change:
    """What a user does, as a change for a transaction."""
    actor: Actor = desk.actors[email]
    return lambda tx: verb(tx, actor, *args, now=desk.now())


def test_of_two_workers_who_grab_one_item_one_has_it(desk: Desk, other: Store) -> None:
    item = desk.add()
    mine, theirs = overlap(
        desk.store, does(desk, holding.grab, ANN, item.id), other, does(desk, holding.grab, BOB, item.id)
    )
    assert mine.item.holder == ANN
    assert isinstance(theirs, ItemNotQueued)
    assert theirs.standing == "being worked on"
    assert desk.kinds(item_id=item.id) == ["item.added", "item.grabbed"]
    desk.check()


def test_two_workers_who_grab_the_most_urgent_do_not_wait_for_each_other(desk: Desk, other: Store) -> None:
    first, second = desk.add(), desk.add()
    seen: list[str] = []

    def then(tx: Tx) -> None:
        seen.extend(row["status"] for row in query(tx, f"SELECT status FROM items WHERE id = {second.id}"))

    _, theirs = overlap(desk.store, does(desk, holding.grab, ANN), other, does(desk, holding.grab, BOB), then=then)
    assert theirs.item.id == second.id
    assert desk.get(first.id).holder == ANN
    # SQLite has one writer at a time; on PostgreSQL the other is served while this transaction is still open.
    assert seen == ["active" if isinstance(desk.store, PostgresStore) else "queued"]
    desk.check()


def test_the_last_item_is_waited_for_and_then_gone(desk: Desk, other: Store) -> None:
    item = desk.add()
    mine, theirs = overlap(desk.store, does(desk, holding.grab, ANN), other, does(desk, holding.grab, BOB))
    assert mine.item.id == item.id
    assert isinstance(theirs, NothingToGrab)


def test_an_item_that_is_being_written_is_waited_for_when_nothing_else_is_left(desk: Desk, other: Store) -> None:
    item = desk.add()
    _, theirs = overlap(
        desk.store,
        does(desk, items.update, ADMIN, item.id, {"title": "anew"}),
        other,
        does(desk, holding.grab, BOB),
    )
    assert (theirs.item.id, theirs.item.title) == (item.id, "anew")
    desk.check()


def test_a_grab_that_meets_a_deletion_finds_the_item_deleted(desk: Desk, other: Store) -> None:
    item = desk.add()
    _, grabbed = overlap(
        desk.store, does(desk, items.delete, ADMIN, item.id), other, does(desk, holding.grab, BOB, item.id)
    )
    assert isinstance(grabbed, ItemNotQueued)
    assert grabbed.standing == "deleted"
    desk.check()


@pytest.mark.parametrize("given", [[], [{"title": "anew"}]], ids=["delete", "update"])
def test_a_change_of_the_queue_that_meets_a_grab_is_refused(desk: Desk, other: Store, given: list[Any]) -> None:
    item = desk.add()
    verb = items.update if given else items.delete
    _, changed = overlap(
        desk.store, does(desk, holding.grab, ANN, item.id), other, does(desk, verb, ADMIN, item.id, *given)
    )
    assert isinstance(changed, ItemNotQueued)
    assert (changed.verb, changed.standing) == ("update" if given else "delete", "being worked on")
    desk.check()


def test_an_activation_that_meets_a_release(desk: Desk, other: Store) -> None:
    item = desk.add()
    for first, second in ((holding.activate, holding.release), (holding.release, holding.activate)):
        desk.act(holding.grab, ANN, item.id)
        desk.act(holding.suspend, ANN, item.id)
        _, later = overlap(desk.store, does(desk, first, ANN, item.id), other, does(desk, second, ANN, item.id))
        assert isinstance(later, NotYourItem if first is holding.release else Turn)
        assert desk.status(item) is Status.QUEUED
        desk.check()


def test_of_two_items_that_one_worker_activates_at_once_one_is_active(desk: Desk, other: Store) -> None:
    one, two = desk.add(), desk.add()
    for item in (one, two):
        desk.act(holding.grab, ANN, item.id)
    desk.act(holding.suspend, ANN, two.id)
    for _ in range(5):
        both = [
            partial(attempt, store, does(desk, holding.activate, ANN, item.id))
            for store, item in ((desk.store, one), (other, two))
        ]
        answers = at_once(*both)
        assert any(isinstance(answer, Turn) for answer in answers)
        assert sorted(desk.status(item) for item in (one, two)) == [Status.ACTIVE, Status.SUSPENDED]
        desk.act(holding.suspend, ANN, next(item.id for item in (one, two) if desk.status(item) is Status.ACTIVE))
    desk.check()


def test_one_worker_who_grabs_many_times_at_once_works_on_one(desk: Desk, open_store: Callable[[], Store]) -> None:
    made = [desk.add() for _ in range(4)]
    at_once(*(partial(attempt, open_store(), does(desk, holding.grab, ANN)) for _ in made))
    assert sorted(desk.status(item) for item in made) == [Status.ACTIVE, *[Status.SUSPENDED] * 3]
    desk.check()


def test_a_logout_that_meets_a_completion(desk: Desk, other: Store) -> None:
    for first_is_logout in (True, False):
        aside, item = desk.add(), desk.add()
        for each in (aside, item):
            desk.act(holding.grab, ANN, each.id)
        both = [does(desk, shifts.logout, ANN), does(desk, holding.complete, ANN, item.id)]
        earlier, later = both if first_is_logout else both[::-1]
        _, answer = overlap(desk.store, earlier, other, later)
        if first_is_logout:
            assert isinstance(answer, NotOnShift)
            assert [desk.status(each) for each in (aside, item)] == [Status.SUSPENDED] * 2
        else:
            assert answer.id == aside.id
            assert [desk.status(each) for each in (aside, item)] == [Status.SUSPENDED, Status.COMPLETED]
        desk.check()
        desk.login(ANN)
        for each in (aside, item):
            attempt(desk.store, does(desk, holding.release, ANN, each.id))


@pytest.mark.parametrize("verb", [holding.complete, holding.release, holding.suspend])
def test_a_purge_under_the_hands_of_a_holder(desk: Desk, other: Store, verb: Callable[..., Any]) -> None:
    aside = desk.add()
    for purge_first in (True, False):
        item = desk.add()
        for each in (aside, item):
            attempt(desk.store, does(desk, holding.grab, ANN, each.id))
        both = [does(desk, items.purge, ADMIN, item.id), does(desk, verb, ANN, item.id)]
        earlier, later = both if purge_first else both[::-1]
        _, answer = overlap(desk.store, earlier, other, later)
        assert isinstance(answer, ItemNotFound) if purge_first else answer is None
        with desk.store.read() as tx:
            assert query(tx, f"SELECT id FROM items WHERE id = {item.id}") == []
            assert query(tx, f"SELECT item_id FROM item_phases WHERE item_id = {item.id}") == []
            assert tx.all("events_of_subject", subject=f"item:{item.id}") == []
        desk.check()


def test_of_many_logins_at_once_one_begins_the_shift(desk: Desk, open_store: Callable[[], Store]) -> None:
    desk.act(shifts.logout, ANN)
    logins = [
        partial(shifts.login, actor=desk.actors[ANN], token=f"t{n}", token_id=f"many{n}", now=desk.now())
        for n in range(4)
    ]
    at_once(*(partial(attempt, open_store(), login) for login in logins))
    started = [line for line in desk.lines() if line.kind == "shift.started" and line.user == ANN]
    assert len(started) == 2
    with desk.store.read() as tx:
        for n in range(4):
            assert accounts.authenticate(tx, f"t{n}", desk.now()).user.email == ANN
    desk.act(shifts.logout, ANN)
    with desk.store.read() as tx:
        for n in range(4):
            with pytest.raises(Unauthenticated):
                accounts.authenticate(tx, f"t{n}", desk.now())


def test_a_login_that_meets_a_logout_has_a_shift_and_a_token_that_works(desk: Desk, other: Store) -> None:
    login = partial(shifts.login, actor=desk.actors[ANN], token="late", token_id="late", now=desk.now())
    overlap(desk.store, does(desk, shifts.logout, ANN), other, login)
    with desk.store.read() as tx:
        assert accounts.authenticate(tx, "late", desk.now()).user.email == ANN
        assert shifts.worker(tx, desk.actors[ANN]).on_shift
    assert [line.kind for line in desk.lines() if line.user == ANN] == ["shift.started", "shift.ended", "shift.started"]


def test_a_logout_that_meets_a_login_ends_its_token_too(desk: Desk, other: Store) -> None:
    login = partial(shifts.login, actor=desk.actors[ANN], token="late", token_id="late", now=desk.now())
    overlap(desk.store, login, other, does(desk, shifts.logout, ANN))
    with desk.store.read() as tx:
        assert not shifts.worker(tx, desk.actors[ANN]).on_shift
        with pytest.raises(Unauthenticated):
            accounts.authenticate(tx, "late", desk.now())


def test_batches_that_name_the_same_items_crosswise_do_not_deadlock(desk: Desk, other: Store) -> None:
    for _ in range(5):
        ids = [desk.add().id for _ in range(20)]
        both = at_once(
            partial(attempt, desk.store, does(desk, item_batches.delete_all, ADMIN, ids)),
            partial(attempt, other, does(desk, item_batches.delete_all, ADMIN, ids[::-1])),
        )
        deleted = [[each for each in answer if not isinstance(each, ItemNotQueued)] for answer in both]
        assert sorted(map(len, deleted)) == [0, 20]
    desk.check()


def test_a_batch_that_meets_a_worker_leaves_what_they_have_in_hand(desk: Desk, other: Store) -> None:
    held, wanted, rest = desk.add(), desk.add(), desk.add()
    desk.act(holding.grab, ANN, held.id)
    ids = [held.id, wanted.id, rest.id]
    turn, outcomes = overlap(
        desk.store,
        does(desk, holding.grab, ANN, wanted.id),
        other,
        does(desk, item_batches.delete_all, ADMIN, ids),
    )
    assert turn.put_aside.id == held.id
    assert [type(each) for each in outcomes[:2]] == [ItemNotQueued, ItemNotQueued]
    assert desk.status(rest) is Status.DELETED
    desk.check()


def test_a_batch_does_not_keep_what_has_left_the_queue_while_it_waits(
    desk: Desk, open_store: Callable[[], Store]
) -> None:
    """Whoever grabbed that may take another item of the batch, and put aside the first."""
    if not isinstance(desk.store, PostgresStore):
        return  # One writer at a time: nobody grabs while a batch is at work.
    written, grabbed, wanted = desk.add(), desk.add(), desk.add()
    ids = [written.id, grabbed.id, wanted.id]
    with ThreadPoolExecutor(1) as threads, open_store().write() as ann:
        with desk.store.write() as writer:
            does(desk, items.update, ADMIN, written.id, {"title": "anew"})(writer)
            deletion = does(desk, item_batches.delete_all, ADMIN, ids)
            batch = threads.submit(attempt, open_store(), deletion)
            until_waited_for(desk.store, writer, batch)
            attempt(open_store(), does(desk, holding.grab, ANN, grabbed.id))
            # What she begins with to take the next.
            ann.all("items_lock", account_id=ROOT, ids=f"[{wanted.id}]")
        until_waited_for(desk.store, ann, batch)
        turn = does(desk, holding.grab, ANN, wanted.id)(ann)
    assert turn.put_aside.id == grabbed.id
    assert [type(each) for each in batch.result()] == [Item, ItemNotQueued, ItemNotQueued]
    desk.check()


def test_who_waits_for_the_last_items_does_not_keep_those_that_have_gone(
    desk: Desk, open_store: Callable[[], Store]
) -> None:
    """Whoever grabbed one may be the one who has the next that is waited for."""
    if not isinstance(desk.store, PostgresStore):
        return  # One writer at a time: nobody waits for an item.
    grabbed, gone, last = desk.add(), desk.add(), desk.add()
    with ThreadPoolExecutor(1) as threads, open_store().write() as ann:
        with open_store().write() as deleter:
            does(desk, items.delete, ADMIN, gone.id)(deleter)
            with open_store().write() as writer:
                does(desk, items.update, ADMIN, last.id, {"title": "anew"})(writer)
                with open_store().write() as earlier:
                    does(desk, holding.grab, ANN, grabbed.id)(earlier)
                    bob = threads.submit(attempt, open_store(), does(desk, holding.grab, BOB))
                    until_waited_for(desk.store, earlier, bob)
                until_waited_for(desk.store, deleter, bob)
            ann.all("items_lock", account_id=ROOT, ids=f"[{last.id}]")
        until_waited_for(desk.store, ann, bob)
        turn = does(desk, holding.grab, ANN, last.id)(ann)
    assert turn.put_aside.id == grabbed.id
    assert isinstance(bob.result(), NothingToGrab)
    desk.check()


def test_new_weights_are_adopted_while_workers_grab(desk: Desk, open_store: Callable[[], Store]) -> None:
    made = [desk.add(priority=number) for number in range(60)]
    weights = Weights(priority=-1.0)

    def grab_all(email: str) -> int:
        taken, store = 0, open_store()
        while isinstance(turn := attempt(store, does(desk, holding.grab, email)), Turn):
            taken += 1
            attempt(store, does(desk, holding.complete, email, turn.item.id))
        return taken

    counts = at_once(partial(grab_all, ANN), partial(grab_all, BOB), lambda: urgency.adopt(open_store(), weights))
    assert counts[0] + counts[1] == len(made)
    urgency.adopt(desk.store, weights)
    with desk.store.read() as tx:
        assert query(tx, "SELECT DISTINCT generation FROM items") == [{"generation": 1}]
    desk.check()


def test_a_crowd_empties_the_queue_and_nobody_gets_what_another_has(
    desk: Desk, open_store: Callable[[], Store]
) -> None:
    crowd = [desk.hire(f"{n}@example.org").user.email for n in range(4)]
    outcomes = desk.act(item_batches.add_all, ADMIN, [{"title": f"{n}", "priority": n % 5} for n in range(200)])
    taken: dict[str, list[int]] = {email: [] for email in crowd}
    clock = threading.Lock()

    def now() -> int:
        with clock:
            return desk.now()

    def work(email: str) -> None:
        store, actor = open_store(), desk.actors[email]
        while True:
            turn = attempt(store, lambda tx: holding.grab(tx, actor, now=now()))
            if isinstance(turn, NothingToGrab):
                return
            taken[email].append(turn.item.id)
            if len(taken[email]) % 3:
                attempt(store, lambda tx, item=turn.item: holding.complete(tx, actor, item.id, now=now()))

    at_once(*(partial(work, email) for email in crowd))
    everything = sorted(item_id for ids in taken.values() for item_id in ids)
    assert everything == sorted(item.id for item in outcomes)
    desk.time += SECOND
    desk.check()
