"""A user's role and password, on both databases."""

import pytest

from rota.domain.accounts import Actor, Role
from rota.domain.errors import Forbidden, TokenNotFound, UserNotFound
from rota.operations import accounts
from rota.store.port import Store, Tx

ROOT, BOSS = "0" * 32, "boss@x.org"


def found(tx: Tx) -> Actor:
    """A tree of one root; its superuser."""
    accounts.found(tx, email=BOSS, token="t" * 16, account_id=ROOT, token_id="0", now=1)
    return accounts.superuser(tx)


def hash_of(tx: Tx, email: str) -> str | None:
    row = tx.one("user_by_email", email=email)
    assert row is not None
    kept: str | None = row["password_hash"]
    return kept


def test_what_is_not_given_stays(store: Store) -> None:
    with store.write() as tx:
        boss = found(tx)
        accounts.add_user(tx, boss, "a@x.org", password_hash="first", now=2)
        assert accounts.change_user(tx, boss, "a@x.org", role=Role.ADMIN, now=3).role is Role.ADMIN
        assert hash_of(tx, "a@x.org") == "first"
        accounts.change_user(tx, boss, "A@x.org", password_hash="second", now=4)
        assert hash_of(tx, "a@x.org") == "second"
        assert accounts.user_by_email(tx, boss, "a@x.org").role is Role.ADMIN
        assert hash_of(tx, BOSS) is None


def test_a_nul_is_not_found_and_no_error_of_the_database(store: Store) -> None:
    with store.write() as tx:
        boss = found(tx)
        with pytest.raises(UserNotFound):
            accounts.change_user(tx, boss, "a\0@x.org", role=Role.ADMIN, now=2)
        with pytest.raises(TokenNotFound):
            accounts.revoke_token(tx, boss, "\0", now=2)


def test_an_admin_changes_no_superuser(store: Store) -> None:
    with store.write() as tx:
        admin = Actor(accounts.add_user(tx, found(tx), "a@x.org", role=Role.ADMIN, now=2), found_root(tx))
        with pytest.raises(Forbidden):
            accounts.change_user(tx, admin, BOSS, password_hash="mine", now=3)
        assert hash_of(tx, BOSS) is None


def found_root(tx: Tx) -> accounts.Account:
    return accounts.account_by_id(tx, ROOT)
