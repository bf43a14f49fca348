"""accounts.import on a real store."""

import json
from dataclasses import replace
from typing import Any

import pytest

from actions.world import World, answers, errors
from rota.actions.accounts import import_
from rota.actions.registry import Answer
from rota.operations.accounts import account_by_id, accounts_below


def row(name: str, parent_id: str = "", email: str = "") -> dict[str, str]:
    return {"name": name, "parent_id": parent_id, "email": email}


def ids(found: list[Answer]) -> list[str]:
    return [each["account_id"] for each in found if isinstance(each, dict)]


def test_accounts_are_opened_below_their_parents(world: World) -> None:
    found = world.change(import_, [row(" One "), row("Two", world.customer)])
    one, two = ids(found)
    with world.store.read() as tx:
        first, second = account_by_id(tx, one), account_by_id(tx, two)
        below = accounts_below(tx, account_by_id(tx, world.reseller))
    assert (first.name, first.parent_id) == ("One", world.reseller)
    assert (second.name, second.parent_id) == ("Two", world.customer)
    assert {one, two} < {each.id for each in below}


def test_an_opened_account_has_the_admin_that_is_named(world: World) -> None:
    [one] = ids(world.change(import_, [row("One", email="Boss@Example.org")]))
    with world.store.read() as tx:
        [user] = tx.all("users_of_account", account_id=one)
    assert (user["email"], user["role"], bool(user["superuser"])) == ("boss@example.org", "admin", False)


def test_every_account_and_admin_has_its_event(world: World) -> None:
    [one, two] = ids(world.change(import_, [row("One", email="boss@example.org"), row("Two")]))
    with world.store.read() as tx:
        [user] = tx.all("users_of_account", account_id=one)
        events = {name: tx.all("events_of_subject", subject=name) for name in subjects(one, two, user)}
    opened = events[f"account:{two}"][0]
    assert (opened["kind"], opened["account_id"], opened["user_id"]) == ("account.created", two, world.admin)
    assert json.loads(opened["facts"]) == {"name": "Two", "parent_id": world.reseller}
    admitted = events[f"user:{user['id']}"][0]
    assert (admitted["kind"], admitted["account_id"], admitted["user_id"]) == ("user.created", one, world.admin)
    assert json.loads(admitted["facts"]) == {"email": "boss@example.org", "role": "admin"}
    assert all(len(found) == 1 for found in events.values())


def subjects(one: str, two: str, user: Any) -> list[str]:
    return [f"account:{one}", f"account:{two}", f"user:{user['id']}"]


def test_a_parent_that_is_unknown_or_out_of_reach_is_unauthorized(world: World) -> None:
    rows = [row("One", world.unknown), row("Two", world.stranger), row("Three", world.root)]
    assert errors(world.change(import_, rows)) == ["unauthorized"] * 3


def test_the_reach_is_that_of_the_task_and_not_of_its_starter(world: World) -> None:
    rows = [row("One", world.stranger), row("Two", world.customer)]
    said = world.change(import_, rows, account_id=world.reseller, user_id=world.root_user)
    assert errors(said) == ["unauthorized", ""]


def test_an_email_is_taken_by_another_user_or_an_earlier_row(world: World) -> None:
    rows = [
        row("One", email="MEMBER@example.org"),
        row("Two", email="new@example.org"),
        row("Three", email="New@example.org"),
    ]
    assert errors(world.change(import_, rows)) == ["email is taken", "", "email is taken"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (row("  "), "name is blank"),
        (row("x" * 300), "name is longer than 255 characters"),
        (row("One", email="nobody"), "email is not an e-mail address"),
        (row("a\x07b", email="nobody"), "name holds control characters, email is not an e-mail address"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_in_words(world: World, cells: dict[str, str], reason: str) -> None:
    assert errors(world.change(import_, [cells])) == [reason]


def test_members_are_forbidden(world: World) -> None:
    assert errors(world.change(import_, [row("One"), row("Two")], user_id=world.member)) == ["forbidden"] * 2


def test_who_has_left_the_account_they_started_from_is_forbidden(world: World) -> None:
    world.home[world.admin] = world.root
    assert errors(world.change(import_, [row("One")])) == ["forbidden"]


def test_a_chunk_that_runs_again_makes_the_same_ids(world: World) -> None:
    with pytest.raises(KeyError), world.store.write() as tx:
        first = ids(run(world, tx))
        raise KeyError
    with world.store.write() as tx:
        assert ids(run(world, tx)) == first
    assert len(set(first)) == 2


def run(world: World, tx: Any) -> list[Answer]:
    return answers(import_, world.context(world.reseller, world.admin, tx), [row("One"), row("Two")])


def test_the_statements_of_a_batch_do_not_grow_with_it(world: World) -> None:
    counts = []
    for size in (1, 200):
        rows = [row(f"n{index}", email=f"u{index}.{size}@example.org") for index in range(size)]
        with world.store.write() as tx:
            context = world.context(world.reseller, world.admin, tx)
            with world.counted() as seen:
                assert not any(errors(answers(import_, replace(context, rows=range(size, 2 * size)), rows)))
                counts.append(len(seen))
    assert counts[0] == counts[1] <= 7
