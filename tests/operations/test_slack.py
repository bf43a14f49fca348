"""Whose Slack id is whose, on both databases; what is done once is tested through the dialect."""

from collections.abc import Callable

import pytest

from desk import Desk
from races import overlap
from rota.domain.errors import InvalidFields, UserNotFound
from rota.operations import accounts, slack
from rota.store.port import Store, Tx

ANN, BOB, ID = "ann@example.org", "bob@example.org", "U024BE7LH"


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk.found(store, ANN, BOB)


def linking(desk: Desk, email: str, slack_id: str | None = ID) -> Callable[[Tx], str | None]:
    return lambda tx: slack.link(tx, desk.admin, email, slack_id, now=desk.now()).slack_id


def link(desk: Desk, email: str, slack_id: str | None = ID) -> str | None:
    with desk.store.write() as tx:
        return linking(desk, email, slack_id)(tx)


def found(desk: Desk, slack_id: str, *emails: str) -> str | None:
    with desk.store.read() as tx:
        actor = slack.find(tx, slack_id, emails)
        return actor and actor.user.email


def test_an_id_is_one_users(desk: Desk) -> None:
    assert link(desk, ANN.upper()) == ID
    with pytest.raises(InvalidFields) as refused:
        link(desk, BOB)
    assert refused.value.faults == {"slack_id": "is taken"}
    assert link(desk, ANN, None) is None
    assert link(desk, BOB) == ID
    assert found(desk, ID) == BOB


def test_a_user_goes_from_one_id_to_another(desk: Desk) -> None:
    link(desk, ANN)
    link(desk, ANN, "U2")
    assert [found(desk, ID), found(desk, "U2"), found(desk, "u2")] == [None, ANN, None]


def test_two_who_take_one_id_at_the_same_time_do_not_both_get_it(desk: Desk, open_store: Callable[[], Store]) -> None:
    first, second = overlap(desk.store, linking(desk, ANN), open_store(), linking(desk, BOB))
    assert first == ID
    assert isinstance(second, InvalidFields)
    assert found(desk, ID) == ANN


def test_a_link_is_an_event_and_no_link_is_none(desk: Desk) -> None:
    for slack_id in (None, ID, ID, None):
        link(desk, ANN, slack_id)
    with desk.store.read() as tx:
        lines = tx.all("events_of_subject", subject=f"user:{desk.actors[ANN].user.id}")
    told = [(line["kind"], line["facts"]) for line in lines if line["kind"] == "user.changed"]
    assert told == [("user.changed", f'{{"email":"{ANN}","changed":["slack_id"]}}')] * 2


def test_an_email_finds_those_alone_who_have_no_id(desk: Desk) -> None:
    link(desk, ANN)
    assert found(desk, "U2", ANN) is None
    assert found(desk, "U2", "nobody", "nobody@x.org", BOB.upper()) == BOB
    assert found(desk, ID, BOB) == ANN
    assert found(desk, "", BOB) == BOB


@pytest.mark.parametrize("slack_id", ["", "\0", "U\0", "x" * 65, "é"])
def test_what_is_no_id_finds_nobody(desk: Desk, slack_id: str) -> None:
    assert found(desk, slack_id, "a\0b@x.org") is None
    with pytest.raises(InvalidFields):
        link(desk, ANN, slack_id)


def test_nobody_links_who_is_not_there(desk: Desk) -> None:
    with pytest.raises(UserNotFound):
        link(desk, "nobody@example.org")


def test_a_user_shows_the_id_wherever_they_are_read(desk: Desk) -> None:
    link(desk, ANN)
    with desk.store.write() as tx:
        accounts.add_token(tx, desk.admin, ANN, "t" * 16, token_id="t", expires_at=None, now=desk.now())
        users = accounts.users_of(tx, desk.admin, desk.admin.account.id)
        shown = [accounts.authenticate(tx, "t" * 16, desk.now()).user, accounts.user_by_email(tx, desk.admin, ANN)]
    assert {user.slack_id for user in shown} == {ID}
    assert {user.email: user.slack_id for user in users} == {ANN: ID, BOB: None, "admin@localhost": None}
