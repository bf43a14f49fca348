"""Accounts, users and tokens: who is founded, who gets in, and who may add whom."""

from collections.abc import Callable
from functools import partial

import pytest

from books import ROOT, SECOND, Books, query
from races import at_once, attempt, overlap
from rota.domain.accounts import Account, Actor, Role, hash_token
from rota.domain.errors import (
    AccountNotFound,
    Forbidden,
    InvalidFields,
    TokenNotFound,
    TooManyFailures,
    Unauthenticated,
    UserNotFound,
)
from rota.operations import accounts
from rota.operations.accounts import FAILURE_WINDOW, FAILURES_ALLOWED
from rota.store.port import Store, Tx

Open = Callable[[], Store]
NOW = 1_700_000_000 * SECOND


def found(tx: Tx, number: int = 0) -> bool:
    ids = {"account_id": f"{number:032x}", "token_id": f"t{number}"}
    return accounts.found(tx, email="Admin@Localhost", token=f"token {number}", now=NOW, **ids)


def count_rows(store: Store, table: str) -> int:
    with store.read() as tx:
        return int(query(tx, f"SELECT count(*) AS n FROM {table}")[0]["n"])


def authenticated(store: Store, token: str, now: int = NOW) -> Actor:
    with store.read() as tx:
        return accounts.authenticate(tx, token, now)


class People:
    """A tree with a user of each kind: root > mid > low, and root > side."""

    def __init__(self, books: Books) -> None:
        self.books, self.store = books, books.store
        self.mid = books.account()
        self.low = books.account(self.mid)
        self.side = books.account()
        self.superuser = books.actor
        self.admin = self.add("admin@mid", self.mid, Role.ADMIN)
        self.member = self.add("member@mid", self.mid, Role.MEMBER)
        self.low_admin = self.add("admin@low", self.low, Role.ADMIN)
        self.side_admin = self.add("admin@side", self.side, Role.ADMIN)
        self.root_admin = self.add("admin@root", books.root, Role.ADMIN)
        self.mid_superuser = self.add("super@mid", self.mid, Role.ADMIN, superuser=True)

    def add(self, email: str, account: Account, role: Role, *, superuser: bool = False) -> Actor:
        with self.store.write() as tx:
            options = {"account_id": account.id, "role": role, "superuser": superuser, "now": NOW}
            return Actor(accounts.add_user(tx, self.superuser, email, **options), account)  # type: ignore[arg-type]

    def may(self, change: Callable[[Tx], object], *refusals: type[Exception]) -> bool:
        """Is the change done (and undone again)? Other refusals than these are errors."""
        try:
            with self.store.write() as tx:
                change(tx)
                raise InterruptedError
        except refusals:
            return False
        except InterruptedError:
            return True


@pytest.fixture
def people(store: Store) -> People:
    return People(Books.found(store))


def test_the_root_is_founded_with_a_superuser_whose_token_works(store: Store) -> None:
    with store.write() as tx:
        assert found(tx)
    actor = authenticated(store, "token 0")
    assert (actor.account.id, actor.account.parent_id, actor.account.lineage) == (ROOT, None, f"{ROOT}/")
    assert (actor.user.email, actor.user.role) == ("admin@localhost", Role.ADMIN)
    assert actor.is_root
    with store.read() as tx:
        assert accounts.superuser(tx) == actor
        assert [row["kind"] for row in tx.all("events_of_subject", subject=f"account:{ROOT}")] == ["account.created"]


def test_the_root_is_founded_once(store: Store) -> None:
    with store.write() as tx:
        assert found(tx, 1)
    with store.write() as tx:
        assert not found(tx, 2)
    assert [count_rows(store, table) for table in ("accounts", "users", "tokens", "events")] == [1, 1, 1, 1]


def test_a_founding_that_meets_another_founds_nothing(store: Store, open_store: Open) -> None:
    assert overlap(store, partial(found, number=1), open_store(), partial(found, number=2)) == (True, False)
    assert [count_rows(store, table) for table in ("accounts", "users", "tokens", "events")] == [1, 1, 1, 1]


def test_foundings_at_once_found_one_root(store: Store, open_store: Open) -> None:
    stores = [store, open_store(), open_store()]
    changes = [partial(attempt, each, partial(found, number=number)) for number, each in enumerate(stores)]
    assert sorted(at_once(*changes)) == [False, False, True]
    assert count_rows(store, "accounts") == 1


@pytest.mark.parametrize("token", ["", "token 1", "token 0 ", "TOKEN 0", "\0", hash_token("token 0")])
def test_an_unknown_token_never_works(store: Store, token: str) -> None:
    with store.write() as tx:
        found(tx)
    with pytest.raises(Unauthenticated):
        authenticated(store, token)


def test_a_token_works_until_the_moment_it_expires(people: People) -> None:
    with people.store.write() as tx:
        accounts.add_token(tx, people.admin, "admin@mid", "brief", token_id="b", expires_at=NOW + 5, now=NOW)
    assert authenticated(people.store, "brief", NOW + 4) == people.admin
    for now in (NOW + 5, NOW + 6, NOW + 10**12):
        with pytest.raises(Unauthenticated):
            authenticated(people.store, "brief", now)


def test_a_revoked_token_never_works_again(people: People) -> None:
    with people.store.write() as tx:
        accounts.add_token(tx, people.admin, "admin@mid", "gone", token_id="g", expires_at=None, now=NOW)
    for now in (NOW + 1, NOW + 2):
        with people.store.write() as tx:
            accounts.revoke_token(tx, people.admin, "g", now=now)
        with pytest.raises(Unauthenticated):
            authenticated(people.store, "gone", now)
    with people.store.read() as tx:
        (token,) = accounts.tokens_of(tx, people.admin, "admin@mid")
        assert token["revoked_at"] == NOW + 1
    kinds = people.books.events(f"user:{people.admin.user.id}")
    assert kinds == ["user.created", "token.created", "token.revoked"]


def test_no_token_is_stored_as_it_is(people: People) -> None:
    with people.store.write() as tx:
        accounts.add_token(tx, people.admin, "admin@mid", "a secret", token_id="s", expires_at=None, now=NOW)
    with people.store.read() as tx:
        for table in ("tokens", "events"):
            assert "a secret" not in repr(query(tx, f"SELECT * FROM {table}"))


def test_a_token_that_another_has_is_refused(people: People) -> None:
    with pytest.raises(InvalidFields) as caught, people.store.write() as tx:
        accounts.add_token(tx, people.admin, "admin@mid", "the first token", token_id="n", expires_at=None, now=NOW)
    assert caught.value.faults == {"token": "is taken"}
    assert authenticated(people.store, "the first token").is_root


def preset(tx: Tx, token_id: str, email: str = "admin@localhost") -> None:
    accounts.ensure_token(tx, email=email, token="preset", token_id=token_id, now=NOW)


def test_a_preset_token_works_however_often_it_is_given(store: Store) -> None:
    with store.write() as tx:
        found(tx)
    for token_id in ("p1", "p2"):
        with store.write() as tx:
            preset(tx, token_id)
        assert authenticated(store, "preset").is_root
    assert count_rows(store, "tokens") == 2


def test_a_preset_token_that_was_revoked_stays_so(people: People) -> None:
    with people.store.write() as tx:
        preset(tx, "p1")
        accounts.revoke_token(tx, people.superuser, "p1", now=NOW)
    with people.store.write() as tx:
        preset(tx, "p2")
    with pytest.raises(Unauthenticated):
        authenticated(people.store, "preset")


def test_preset_tokens_of_two_servers_at_once_are_one(store: Store, open_store: Open) -> None:
    with store.write() as tx:
        found(tx)
    overlap(store, partial(preset, token_id="p1"), open_store(), partial(preset, token_id="p2"))
    assert authenticated(store, "preset").is_root
    assert count_rows(store, "tokens") == 2


def test_a_preset_token_of_nobody_is_not_made(store: Store) -> None:
    with store.write() as tx:
        found(tx)
        preset(tx, "p1", email="nobody@nowhere")
    with pytest.raises(Unauthenticated):
        authenticated(store, "preset")


WHO = ["superuser", "root_admin", "admin", "mid_superuser", "member", "low_admin", "side_admin"]
MAY_ADD_TO = {
    "superuser": {"root", "mid", "low", "side"},
    "root_admin": {"root", "mid", "low", "side"},
    "admin": {"mid", "low"},
    "mid_superuser": {"mid", "low"},
    "member": set(),
    "low_admin": {"low"},
    "side_admin": {"side"},
}


@pytest.mark.parametrize("who", WHO)
def test_admins_add_to_their_own_account_and_below(people: People, who: str) -> None:
    actor: Actor = getattr(people, who)
    places = {"root": people.books.root, "mid": people.mid, "low": people.low, "side": people.side}

    def add_user(tx: Tx, account: Account) -> None:
        accounts.add_user(tx, actor, "new@new", account_id=account.id, now=NOW)

    def add_account(tx: Tx, account: Account) -> None:
        accounts.add_account(tx, actor, "new", account.id, account_id="f" * 32, now=NOW)

    for add in (add_user, add_account):
        allowed = {name for name, place in places.items() if people.may(partial(add, account=place), Forbidden)}
        assert allowed == MAY_ADD_TO[who]


@pytest.mark.parametrize("who", WHO)
def test_only_a_superuser_of_the_root_makes_superusers(people: People, who: str) -> None:
    actor: Actor = getattr(people, who)

    def make(tx: Tx) -> None:
        accounts.add_user(tx, actor, "new@new", superuser=True, now=NOW)

    assert people.may(make, Forbidden) == (who == "superuser")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("whom", ["superuser", "mid_superuser"])
def test_nobody_rises_to_superuser_by_a_token_or_a_password(people: People, who: str, whom: str) -> None:
    actor: Actor = getattr(people, who)
    email = getattr(people, whom).user.email

    def token(tx: Tx) -> None:
        accounts.add_token(tx, actor, email, "new", token_id="n", expires_at=None, now=NOW)

    def password(tx: Tx) -> None:
        accounts.change_user(tx, actor, email, password_hash="new", now=NOW)

    for change in (token, password):
        assert people.may(change, Forbidden, UserNotFound) == (who in {"superuser", whom})


@pytest.mark.parametrize("who", WHO)
def test_users_of_other_trees_are_not_found(people: People, who: str) -> None:
    actor: Actor = getattr(people, who)
    with people.store.read() as tx:
        for whom in WHO:
            other: Actor = getattr(people, whom)
            if actor.may_act_on(other.account):
                assert accounts.user_by_email(tx, actor, other.user.email.upper()) == other.user
                continue
            with pytest.raises(UserNotFound):
                accounts.user_by_email(tx, actor, other.user.email)
            with pytest.raises(Forbidden):
                accounts.users_of(tx, actor, other.account.id)


def test_a_token_of_another_tree_is_not_found(people: People) -> None:
    with people.store.write() as tx:
        accounts.add_token(tx, people.admin, "admin@mid", "mine", token_id="m", expires_at=None, now=NOW)
    for stranger, refusal in (
        (people.side_admin, TokenNotFound),
        (people.low_admin, TokenNotFound),
        (people.member, Forbidden),
    ):
        with pytest.raises(refusal), people.store.write() as tx:
            accounts.revoke_token(tx, stranger, "m", now=NOW)
    for token_id in ("no such", "\0"):
        with pytest.raises(TokenNotFound), people.store.write() as tx:
            accounts.revoke_token(tx, people.superuser, token_id, now=NOW)
    assert authenticated(people.store, "mine") == people.admin


def test_a_member_has_a_token_of_their_own_and_nobody_elses(people: People) -> None:
    def make(tx: Tx, email: str) -> None:
        accounts.add_token(tx, people.member, email, "new", token_id="n", expires_at=None, now=NOW)

    assert people.may(partial(make, email="member@mid"))
    assert not people.may(partial(make, email="admin@mid"), Forbidden)
    assert not people.may(partial(make, email="admin@low"), Forbidden)


def test_a_user_may_change_their_password_and_not_their_role(people: People) -> None:
    change = partial(accounts.change_user, actor=people.member, email="member@mid", now=NOW)
    assert people.may(partial(change, password_hash="new"))
    assert not people.may(partial(change, role=Role.ADMIN), Forbidden)


def test_an_address_is_taken_whatever_its_letters(people: People) -> None:
    for email in ("admin@mid", "ADMIN@mid"):
        with pytest.raises(InvalidFields) as caught, people.store.write() as tx:
            accounts.add_user(tx, people.side_admin, email, now=NOW)
        assert caught.value.faults == {"email": "is taken"}


def test_an_address_that_two_want_at_once_goes_to_one(people: People, open_store: Open) -> None:
    add = partial(accounts.add_user, actor=people.superuser, email="new@new", now=NOW)
    first, second = overlap(people.store, add, open_store(), add)
    assert first.email == "new@new"
    assert isinstance(second, InvalidFields)


def test_an_account_must_be_there_before_one_is_told_of_rights(people: People) -> None:
    for account_id in ("f" * 32, "no id", ""):
        with pytest.raises(AccountNotFound), people.store.read() as tx:
            accounts.reach(tx, people.member, account_id)
    with pytest.raises(Forbidden), people.store.read() as tx:
        accounts.reach(tx, people.member, ROOT)


def test_the_tree_is_listed_parents_first_and_without_siblings(people: People) -> None:
    with people.store.read() as tx:
        assert accounts.accounts_below(tx, people.mid) == [people.mid, people.low]
        assert accounts.accounts_below(tx, people.books.root) == [
            people.books.root,
            people.mid,
            people.low,
            people.side,
        ]


def test_failed_sign_ins_lock_an_address_out_for_a_minute(store: Store) -> None:
    def refused(address: str, now: int) -> int:
        """For so many seconds, or 0."""
        with store.read() as tx:
            try:
                accounts.refuse_if_locked_out(tx, address, now)
            except TooManyFailures as refusal:
                return refusal.retry_after_s
            return 0

    for number in range(FAILURES_ALLOWED):
        assert refused("1.2.3.4", NOW + number) == 0
        with store.write() as tx:
            accounts.note_failure(tx, "1.2.3.4", NOW + number * SECOND)
    now = NOW + FAILURES_ALLOWED * SECOND
    wait = refused("1.2.3.4", now)
    assert 0 < wait <= 60
    assert refused("1.2.3.5", now) == 0
    # What is told is true: a moment before the first failure is forgotten it is refused still, and then no more.
    assert refused("1.2.3.4", NOW + FAILURE_WINDOW - 1) == 1
    assert refused("1.2.3.4", NOW + FAILURE_WINDOW) == 0
    assert refused("1.2.3.4", now + wait * SECOND) == 0


def test_old_failures_are_forgotten(store: Store) -> None:
    for number in range(3):
        with store.write() as tx:
            accounts.note_failure(tx, f"1.2.3.{number}", NOW + number * FAILURE_WINDOW)
    assert count_rows(store, "sign_in_failures") == 1
