"""Users of the field: admins hire and promote, members see and rename themselves, and nobody rises by it."""

import json
from dataclasses import replace
from typing import Any

import pytest

import planted
from ground import ADMIN, ANN, BOB, ROOT, STRANGER, Ground
from plans import insert, plan
from rota.domain.accounts import Role
from rota.domain.errors import Forbidden, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.queries import Found, Order, Query
from rota.operations import accounts
from rota.store.port import Store


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def number(ground: Ground, email: str) -> int:
    return ground.actors[email].user.id


def told(ground: Ground, user_id: int) -> list[tuple[str, Any]]:
    return [(event["kind"], json.loads(event["facts"])) for event in ground.events(f"user:{user_id}")]


def test_an_admin_hires_and_the_log_is_told(ground: Ground) -> None:
    user = ground.create("user", email=" Cy@X.org ", name=" Cy ", role="admin", expertise="3")
    person = ground.get("user", user)
    assert (person.email, person.name, person.role, person.expertise) == ("cy@x.org", "Cy", Role.ADMIN, 3)
    assert (person.submission_count, person.approval_rate, person.earned) == (0, 0.0, 0)
    assert told(ground, user) == [("user.created", {"email": "cy@x.org", "role": "admin"})]
    plain = ground.get("user", ground.create("user", email="di@x.org"))
    assert (plain.name, plain.role, plain.expertise) == ("", Role.MEMBER, 1)


def test_all_faults_are_told_at_once(ground: Ground) -> None:
    with pytest.raises(UnfitRecord) as raised:
        ground.create("user", email="nobody", role="king", expertise=5, superuser=True)
    assert {fault.path for fault in raised.value.faults} == {("email",), ("role",), ("expertise",), ("superuser",)}
    with pytest.raises(UnfitRecord) as raised:
        ground.create("user")
    assert raised.value.faults == (Fault(("email",), "is required"),)


def test_an_e_mail_is_given_once_in_all_accounts(ground: Ground) -> None:
    taken = (Fault(("email",), "is taken"),)
    with pytest.raises(UnfitRecord) as raised:
        ground.create("user", email=STRANGER.upper())
    assert raised.value.faults == taken
    with pytest.raises(UnfitRecord) as raised:
        ground.change("user", number(ground, ANN), email=STRANGER, name="Ann")
    assert raised.value.faults == taken
    assert ground.get("user", number(ground, ANN)).name == ""
    ground.change("user", number(ground, ANN), email="Ann@Y.org")
    assert ground.get("user", number(ground, ANN)).email == "ann@y.org"


def test_an_admin_changes_a_user_and_what_changes_nothing_is_not_told(ground: Ground) -> None:
    ann = number(ground, ANN)
    ground.change("user", ann, role="admin", expertise=1, name="Ann")
    ground.change("user", ann, role="admin")
    assert told(ground, ann)[1:] == [
        (
            "user.changed",
            {
                "email": ANN,
                "changed": ["name", "role"],
                "before": {"name": "", "role": "member"},
                "after": {"name": "Ann", "role": "admin"},
            },
        )
    ]


def test_a_member_sees_nobody_else(ground: Ground) -> None:
    ann, bob = number(ground, ANN), number(ground, BOB)
    assert ground.find("user", who=ANN) == Found((ann,), 1)
    assert [each.id for each in ground.load("user", [bob, ann], who=ANN)] == [ann]
    with pytest.raises(RecordNotFound):
        ground.change("user", bob, who=ANN, name="Mine")
    with pytest.raises(Forbidden):
        ground.create("user", who=ANN, email="new@x.org")


@pytest.mark.parametrize("change", [{"role": "admin"}, {"expertise": 4}, {"email": "ann@y.org"}])
def test_a_member_renames_and_does_not_promote_themselves(ground: Ground, change: dict[str, Any]) -> None:
    ann = number(ground, ANN)
    with pytest.raises(Forbidden):
        ground.change("user", ann, who=ANN, name="Ann", **change)
    assert ground.get("user", ann).name == ""
    ground.change("user", ann, who=ANN, name="Ann", role="member", expertise="1", email=ANN)
    assert ground.get("user", ann, who=ANN).name == "Ann"


def test_an_admin_sees_the_account_alone_and_removes_nobody(ground: Ground) -> None:
    everybody = tuple(number(ground, each) for each in (ADMIN, ANN, BOB))
    assert ground.find("user", Query(order=(Order("id"),))) == Found(everybody, 3)
    assert ground.load("user", [number(ground, STRANGER)]) == []
    with pytest.raises(RecordNotFound):
        ground.change("user", number(ground, STRANGER), name="Mine")
    with pytest.raises(Forbidden):
        ground.delete("user", number(ground, ANN))


def test_an_admin_changes_no_superuser(ground: Ground) -> None:
    boss = accounts_admin(ground)
    for change in ({"email": "mine@x.org"}, {"role": "member"}, {"name": "Mine"}):
        with pytest.raises(Forbidden):
            ground.change("user", number(ground, ADMIN), who=boss, **change)
    ground.change("user", number(ground, ADMIN), name="Root")
    assert ground.get("user", number(ground, ADMIN)).name == "Root"


def accounts_admin(ground: Ground) -> str:
    """An admin of the account who is no superuser."""
    with ground.store.write() as tx:
        root = ground.actors[ADMIN]
        ground.actors["boss"] = replace(root, user=accounts.add_user(tx, root, "b@x.org", role=Role.ADMIN, now=1))
    return "boss"


USERS, EACH = 400, 50


def submission(status: str) -> str:
    values = {**planted.SUBMISSION, "status": status}.values()
    return ", ".join(f"'{each}'" if isinstance(each, str) else str(each) for each in values)


def fill(ground: Ground) -> list[int]:
    """Many users with as many submissions each, of which every fourth is approved and paid; a page of their ids."""
    task = planted.task(ground)
    bounty = planted.bounty(ground, task, 150)
    first = max(actor.user.id for actor in ground.actors.values()) + 1
    answers = [(at + 1, first + at % USERS, "abcd"[at // USERS % 4]) for at in range(USERS * EACH)]
    with ground.store.write() as tx:
        users = (f"('{ROOT}', '{at}@many.org', 'member', FALSE, 1, 1)" for at in range(USERS))
        insert(tx, "users", "account_id, email, role, superuser, expertise, created_at", users)
        columns = ", ".join(planted.SUBMISSION)
        rows = (f"({task}, {user}, {submission(status)})" for _, user, status in answers)
        insert(tx, "submissions", f"task_id, user_id, {columns}", rows)
        paid = (
            f"('{ROOT}', {answer}, 1, 'user', {user}, 150, 'KES', {bounty}, 1)"
            for answer, user, status in answers
            if status == "a"
        )
        columns = "account_id, submission_id, posting, book, book_id, amount, currency, bounty_id, created_at"
        insert(tx, "ledger_entries", columns, paid)
    planted.execute(ground, "ANALYZE")
    return list(range(first, first + 100))


def test_a_page_of_users_reads_what_is_theirs_through_indexes(ground: Ground) -> None:
    ids = fill(ground)
    lines = plan(ground.store, "all", "people_by_ids", account_id=ROOT, ids=json.dumps(ids))
    for name in ("submissions", "ledger_entries", "s", "e"):
        assert f"Seq Scan on {name}" not in lines, lines
        assert f"SCAN {name}" not in lines, lines
    assert "submissions_by_user" in lines, lines
    assert "ledger_of_book" in lines, lines
    people = ground.load("user", ids)
    assert [each.id for each in people] == ids
    told = (people[0].submission_count, people[0].approved_count, people[0].rejected_count, people[0].earned)
    assert told == (50, 13, 13, 13 * 150)
    assert people[0].approval_rate == 0.5
