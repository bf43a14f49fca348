"""accounts: who reaches whom in the tree, and what is no name, address, id or password."""

from dataclasses import replace

import pytest

from rota.domain.accounts import (
    Account,
    Actor,
    Role,
    User,
    email_fault,
    hash_token,
    is_account_id,
    name_fault,
    password_fault,
    same_hash,
)


def account(lineage: str) -> Account:
    ids = lineage.rstrip("/").split("/")
    return Account(ids[-1], "a name", ids[-2] if len(ids) > 1 else None, lineage, 0)


ROOT, A, AB, A1, OTHER = (account(lineage) for lineage in ("r/", "r/a/", "r/a/b/", "r/a1/", "r/o/"))
ALL = (ROOT, A, AB, A1, OTHER)
REACHED = {"r": {"r", "a", "b", "a1", "o"}, "a": {"a", "b"}, "b": {"b"}, "a1": {"a1"}, "o": {"o"}}
USER = User(1, "a", "a@b", Role.ADMIN, False, 1, 0)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_an_account_reaches_itself_and_what_is_below(one: Account) -> None:
    assert {other.id for other in ALL if one.reaches(other)} == REACHED[one.id]
    assert {other.id for other in ALL if Actor(USER, one).may_act_on(other)} == REACHED[one.id]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_a_superuser_acts_everywhere_from_the_root_alone(one: Account) -> None:
    actor = Actor(replace(USER, superuser=True), one)
    assert actor.is_root is (one is ROOT)
    assert {other.id for other in ALL if actor.may_act_on(other)} == REACHED[one.id]


def test_a_user_of_the_root_is_no_superuser_for_that() -> None:
    assert not Actor(USER, ROOT).is_root


@pytest.mark.parametrize("text", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n", "à" * 32, "a/" * 16])
def test_no_account_id(text: str) -> None:
    assert not is_account_id(text)


def test_an_account_id() -> None:
    assert is_account_id("0123456789abcdef" * 2)


@pytest.mark.parametrize("email", ["a@b", "a.b+c@d.example", "ä@ö.example", "a" * 250 + "@b.c"])
def test_an_address(email: str) -> None:
    assert email_fault(email) is None


@pytest.mark.parametrize(
    "email", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "a\0@b", "a@b\x7f", "\ud800@b", "a@\u200b", "a@b\u2028"]
)
def test_no_address(email: str) -> None:
    assert email_fault(email) == "is not an e-mail address"


def test_an_address_too_long() -> None:
    assert email_fault("a" * 253 + "@b") == "is longer than 254 characters"


@pytest.mark.parametrize("name", ["a", "Ünïted Öil", "n" * 255])
def test_a_name(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is blank"),
        (" \t\n", "is blank"),
        ("n" * 256, "is longer than 255 characters"),
        ("a\nb", "holds control characters"),
        ("a\0", "holds control characters"),
        ("\ud800", "holds control characters"),
    ],
)
def test_no_name(name: str, fault: str) -> None:
    assert name_fault(name) == fault


@pytest.mark.parametrize(
    ("length", "fault"),
    [(7, "must be at least 8 characters"), (8, None), (1024, None), (1025, "is longer than 1024 characters")],
)
def test_a_password_is_judged_by_its_length(length: int, fault: str | None) -> None:
    assert password_fault("p" * length) == fault


def test_a_token_is_known_by_a_hash_that_does_not_tell_it() -> None:
    assert hash_token("secret") == "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    assert same_hash(hash_token("secret"), hash_token("secret"))
    assert not same_hash(hash_token("secret"), hash_token("secreu"))
