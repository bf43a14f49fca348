"""Shifts and what workers do in them: logins, tokens, who is there, and one active item each."""

import pytest

from desk import SECOND, Desk, query
from rota.domain.accounts import Role
from rota.domain.errors import (
    Forbidden,
    ItemNotActive,
    ItemNotSuspended,
    NothingToGrab,
    NotOnShift,
    NotYourItem,
    Unauthenticated,
    WorkerNotFound,
)
from rota.domain.items import Status, Verb
from rota.operations import accounts, holding, items, shifts
from rota.store.port import Store

ANN, BOB = "ann@example.org", "bob@example.org"
ADMIN = "admin@localhost"


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk.found(store, ANN, BOB)


def works(desk: Desk, token: str) -> bool:
    with desk.store.read() as tx:
        try:
            accounts.authenticate(tx, token, desk.now())
        except Unauthenticated:
            return False
        return True


def test_every_token_of_a_shift_works_until_it_ends_and_no_other_is_touched(desk: Desk) -> None:
    tokens = [desk.login(ANN), desk.login(ANN)]
    theirs = desk.login(BOB)
    desk.act(accounts.add_token, ANN, ANN, "a token for good", token_id="good", expires_at=None)
    desk.act(shifts.logout, ANN)
    assert [works(desk, token) for token in (*tokens, theirs, "a token for good")] == [False, False, True, True]
    assert desk.kinds(user_id=desk.actors[ANN].user.id) == ["shift.started", "shift.ended"]
    with pytest.raises(NotOnShift):
        desk.act(shifts.logout, ANN)


def test_superusers_log_others_in_and_nobody_else_does(desk: Desk) -> None:
    desk.act(shifts.logout, BOB)
    with pytest.raises(Forbidden):
        desk.login(BOB, by=ANN)
    desk.login(BOB, by=ADMIN)
    line = desk.lines(user_id=desk.actors[BOB].user.id)[-1]
    assert (line.kind, line.user, line.facts) == ("shift.started", BOB, {"by": ADMIN})
    with pytest.raises(Forbidden):
        desk.login(ADMIN, by=ANN)
    for unknown in ("nobody@example.org", "", "\x00@x"):
        with pytest.raises(WorkerNotFound):
            desk.login(unknown, by=ADMIN)


def test_a_superuser_is_logged_in_by_those_of_the_root_account_alone(desk: Desk) -> None:
    with desk.store.write() as tx:
        below = accounts.add_account(tx, desk.admin, "below", None, account_id="b" * 32, now=1)
        names = {"account_id": below.id, "role": Role.ADMIN, "superuser": True, "now": 1}
        one = accounts.add_user(tx, desk.admin, "one@example.org", **names)
        accounts.add_user(tx, desk.admin, "two@example.org", **names)
        actor = type(desk.admin)(one, below)
        with pytest.raises(Forbidden):
            shifts.login(tx, actor, "two@example.org", token="t", token_id="t", now=2)


def test_who_is_there(desk: Desk) -> None:
    desk.act(shifts.logout, BOB)
    with desk.store.read() as tx:
        everybody = shifts.who(tx, desk.admin)
        there = shifts.who(tx, desk.admin, on_shift=True)
        assert shifts.worker(tx, desk.admin, ANN.upper()) == there[0]
    assert [(worker.email, worker.on_shift) for worker in everybody] == [(ADMIN, False), (ANN, True), (BOB, False)]
    assert [worker.email for worker in there] == [ANN]
    assert everybody[0].logged_in_at is None
    assert everybody[2].logged_in_at is not None


def test_a_report_tells_of_the_latest_shift_alone(desk: Desk) -> None:
    made = [desk.add() for _ in range(3)]
    desk.act(holding.grab, ANN)
    desk.act(shifts.logout, ANN)
    desk.login(ANN)
    desk.act(holding.grab, ANN)
    desk.act(holding.grab, ANN)
    with desk.store.read() as tx:
        report = shifts.report(tx, desk.admin, ANN)
        nobody = shifts.report(tx, desk.admin)
    assert report.current is not None
    assert report.current.id == made[2].id
    assert [item.id for item in report.suspended] == [made[1].id, made[0].id]
    assert [line.kind for line in report.lines] == ["shift.started", "item.grabbed", "item.suspended", "item.grabbed"]
    assert (nobody.current, nobody.suspended, nobody.lines) == (None, [], [])


def test_a_second_grab_puts_the_first_item_aside_and_says_so(desk: Desk) -> None:
    one, two = desk.add(), desk.add()
    assert desk.act(holding.grab, ANN).put_aside is None
    turn = desk.act(holding.grab, ANN)
    assert (turn.item.id, turn.put_aside.id, turn.put_aside.status) == (two.id, one.id, Status.SUSPENDED)
    aside = desk.lines(item_id=one.id)[-1]
    assert (aside.kind, aside.facts) == ("item.suspended", {"for": two.id})
    back = desk.act(holding.activate, ANN, one.id)
    assert (back.item.id, back.put_aside.id) == (one.id, two.id)


def test_completing_the_active_item_resumes_the_last_that_was_put_aside(desk: Desk) -> None:
    made = [desk.add() for _ in range(3)]
    for _ in made:
        desk.act(holding.grab, ANN)
    turn = desk.act(holding.complete, ANN, made[2].id, Verb.COMPLETE_FAILURE)
    assert turn.resumed.id == made[1].id
    assert desk.lines(item_id=made[1].id)[-1].facts == {"after": made[2].id}
    assert desk.act(holding.complete, ANN, made[0].id).resumed is None
    assert desk.status(made[1]) is Status.ACTIVE
    assert desk.act(holding.complete, ANN, made[1].id).resumed is None
    with desk.store.read() as tx:
        assert holding.held(tx, desk.actors[ANN]) == []
    desk.check()


def test_a_release_resumes_nothing(desk: Desk) -> None:
    one, two = desk.add(), desk.add()
    for _ in range(2):
        desk.act(holding.grab, ANN)
    assert desk.act(holding.release, ANN, two.id).resumed is None
    assert desk.status(one) is Status.SUSPENDED


def test_whoever_looked_at_the_clock_too_early_comes_after_whom_they_waited_for(desk: Desk) -> None:
    item = desk.add()
    desk.act(holding.grab, ANN, item.id)
    desk.time -= 60 * SECOND
    early = desk.add()
    desk.act(holding.release, ANN, item.id)
    desk.act(items.update, BOB, item.id, {"title": "anew"})
    desk.act(shifts.logout, ANN)
    told = desk.lines(item_id=item.id)
    assert [line.kind for line in told] == ["item.added", "item.grabbed", "item.released", "item.updated"]
    times = [line.at for line in told]
    assert times == sorted(times)
    everything = desk.lines()
    assert everything == sorted(everything, key=lambda line: line.at)
    assert everything.index(told[0]) > [line.item_id for line in everything].index(early.id)
    with desk.store.read() as tx:
        assert query(tx, "SELECT id FROM shifts WHERE ended_at < started_at") == []
    desk.time += 60 * SECOND
    desk.check()


def test_what_a_worker_cannot_do(desk: Desk) -> None:
    one, two = desk.add(), desk.add()
    desk.act(holding.grab, ANN, one.id)
    for verb in (holding.activate, holding.suspend, holding.release, holding.complete):
        for item in (one, two):
            with pytest.raises(NotYourItem):
                desk.act(verb, BOB, item.id)
    with pytest.raises(ItemNotSuspended):
        desk.act(holding.activate, ANN, one.id)
    desk.act(holding.suspend, ANN, one.id)
    with pytest.raises(ItemNotActive):
        desk.act(holding.suspend, ANN, one.id)
    desk.act(holding.grab, ANN)
    with pytest.raises(NothingToGrab):
        desk.act(holding.grab, BOB)
    desk.act(shifts.logout, ANN)
    for verb in (holding.activate, holding.suspend, holding.release, holding.complete, holding.grab):
        with pytest.raises(NotOnShift):
            desk.act(verb, ANN, one.id)


def test_the_database_itself_refuses_what_must_never_be(desk: Desk) -> None:
    one, two = desk.add(), desk.add()
    desk.act(holding.grab, ANN, one.id)
    ann = desk.actors[ANN].user.id
    for broken in (
        f"UPDATE items SET status = 'active', holder_id = {ann} WHERE id = {two.id}",
        f"INSERT INTO shifts (user_id, started_at) VALUES ({ann}, 1)",
        f"UPDATE items SET queued_us = queued_us + 1 WHERE id = {two.id}",
        f"UPDATE items SET holder_id = NULL WHERE id = {one.id}",
        f"UPDATE items SET status = 'completed' WHERE id = {one.id}",
    ):
        with pytest.raises(Exception, match=r"(?i)unique|check"), desk.store.write() as tx:
            query(tx, broken)
    desk.check()
