"""Accounts, users and tokens: founding the tree, growing it, and telling who is asking."""

from dataclasses import dataclass, replace

from rota.domain.accounts import (
    Account,
    Actor,
    Role,
    User,
    email_fault,
    hash_token,
    is_account_id,
    name_fault,
    same_hash,
)
from rota.domain.errors import (
    AccountNotFound,
    Forbidden,
    InvalidFields,
    TokenNotFound,
    TooManyFailures,
    Unauthenticated,
    UserNotFound,
)
from rota.domain.events import Event, Kind
from rota.operations.events import record
from rota.store.port import Row, Tx

FAILURES_ALLOWED = 10
FAILURE_WINDOW = 60 * 1_000_000
"""Failed sign-ins of one address in a minute (microseconds) before it is told to wait."""


@dataclass(frozen=True, slots=True)
class Password:
    """`password_hash` is None where none was ever set."""

    user_id: int
    password_hash: str | None


def found(tx: Tx, *, email: str, token: str, account_id: str, token_id: str, now: int) -> bool:
    """Create the root account with its superuser and their token, unless there is a root already."""
    if tx.one("root_account"):
        return False
    root = {"id": account_id, "name": "root", "parent_id": None, "lineage": f"{account_id}/", "created_at": now}
    if not tx.run("account_insert", **root):
        return False
    user_id = _insert_user(tx, account_id, email, Role.ADMIN, superuser=True, password_hash=None, now=now)
    assert user_id is not None
    _insert_token(tx, user_id, token, token_id, expires_at=None, now=now)
    record(tx, Event(now, Kind.ACCOUNT_CREATED, account_id, f"account:{account_id}", facts={"name": "root"}))
    return True


def ensure_token(tx: Tx, *, email: str, token: str, token_id: str, now: int) -> None:
    """Make a preset token work for a user who exists, if it is new. One that was revoked stays so."""
    user = tx.one("user_by_email", email=email.lower())
    if user:
        _insert_token(tx, user["id"], token, token_id, expires_at=None, now=now)


def superuser(tx: Tx) -> Actor:
    """The root account's first superuser: who acts when an operator works on the data folder itself."""
    root = tx.one("root_account")
    assert root is not None
    users = tx.all("users_of_account", account_id=root["id"])
    first = min((user for user in users if user["superuser"]), key=lambda user: user["id"])
    return Actor(user_of(first), _account(root))


def authenticate(tx: Tx, token: str, now: int) -> Actor:
    """Who holds the token. Raises Unauthenticated for one that is unknown, expired or revoked."""
    hashed = hash_token(token)
    row = tx.one("actor_by_token", token_hash=hashed, now=now)
    if row is None or not same_hash(row["token_hash"], hashed):
        raise Unauthenticated
    return _actor(row)


def actor_of_user(tx: Tx, user_id: int) -> Actor | None:
    """A user as they stand now: for a job, which goes on after the request that started it."""
    row = tx.one("actor_by_user", user_id=user_id)
    return _actor(row) if row else None


def password_of(tx: Tx, email: str) -> Password | None:
    """What the user's password is checked against; None when nobody has the e-mail."""
    row = tx.one("user_by_email", email=email.lower())
    return Password(row["id"], row["password_hash"]) if row else None


def refuse_if_locked_out(tx: Tx, address: str, now: int) -> None:
    """Raises TooManyFailures when the address has failed too often in the last minute."""
    recent = tx.one("failures_recent", address=address, since=now - FAILURE_WINDOW)
    if recent and recent["failures"] >= FAILURES_ALLOWED:
        raise TooManyFailures(max(1, (recent["oldest"] + FAILURE_WINDOW - now) // 1_000_000 + 1))


def note_failure(tx: Tx, address: str, now: int) -> None:
    """Remember a failed sign-in; old ones are forgotten on the way."""
    tx.run("failures_forget", since=now - FAILURE_WINDOW)
    tx.run("failure_insert", address=address, now=now)


def reach(tx: Tx, actor: Actor, account_id: str) -> Account:
    """The account, if the actor may act on it. Raises AccountNotFound or Forbidden, in that order."""
    account = account_by_id(tx, account_id)
    if not actor.may_act_on(account):
        raise Forbidden
    return account


def account_by_id(tx: Tx, account_id: str) -> Account:
    row = tx.one("account_by_id", id=account_id) if is_account_id(account_id) else None
    if row is None:
        raise AccountNotFound(account_id)
    return _account(row)


def accounts_below(tx: Tx, account: Account) -> list[Account]:
    """The account and its descendants, parents before children."""
    rows = tx.all("accounts_below", lineage=account.lineage, lineage_end=account.lineage[:-1] + "0")
    return [_account(row) for row in rows]


def add_account(tx: Tx, actor: Actor, name: str, parent_id: str | None, *, account_id: str, now: int) -> Account:
    """A new account below the parent, or below the actor's own. Raises InvalidFields with every fault at once."""
    parent = reach(tx, actor, parent_id or actor.account.id)
    require_admin(actor)
    faults = {"name": name_fault(name), "id": None if is_account_id(account_id) else "is not 32 lower-case hex digits"}
    if any(faults.values()):
        raise InvalidFields({field: fault for field, fault in faults.items() if fault})
    account = Account(account_id, name.strip(), parent.id, f"{parent.lineage}{account_id}/", now)
    values = {"id": account.id, "name": account.name, "parent_id": parent.id, "lineage": account.lineage}
    if not tx.run("account_insert", **values, created_at=now):
        raise InvalidFields({"id": "is taken"})
    facts = {"name": account.name, "parent_id": parent.id}
    record(tx, Event(now, Kind.ACCOUNT_CREATED, account_id, f"account:{account_id}", actor.user.id, facts))
    return account


def add_user(
    tx: Tx,
    actor: Actor,
    email: str,
    *,
    account_id: str | None = None,
    role: Role = Role.MEMBER,
    superuser: bool = False,
    password_hash: str | None = None,
    name: str = "",
    expertise: int = 1,
    now: int,
) -> User:
    """A new user. Raises InvalidFields when the e-mail is malformed or taken."""
    account = reach(tx, actor, account_id or actor.account.id)
    require_admin(actor)
    if superuser and not actor.is_root:
        raise Forbidden
    if fault := email_fault(email):
        raise InvalidFields({"email": fault})
    user_id = _insert_user(tx, account.id, email, role, superuser, password_hash, now, name=name, expertise=expertise)
    if user_id is None:
        raise InvalidFields({"email": "is taken"})
    facts = {"email": email.lower(), "role": role.value}
    record(tx, Event(now, Kind.USER_CREATED, account.id, f"user:{user_id}", actor.user.id, facts))
    return User(user_id, account.id, email.lower(), role, superuser, expertise, now)


def user_by_email(tx: Tx, actor: Actor, email: str) -> User:
    """A user whose account the actor may act on. Raises UserNotFound, also for another tree's user."""
    # What cannot be an address is not looked up: PostgreSQL would choke on a NUL.
    row = None if email_fault(email) else tx.one("user_by_email", email=email.lower())
    if row is None or not actor.may_act_on(account_by_id(tx, row["account_id"])):
        raise UserNotFound(email)
    return user_of(row)


def users_of(tx: Tx, actor: Actor, account_id: str) -> list[User]:
    account = reach(tx, actor, account_id)
    return [user_of(row) for row in tx.all("users_of_account", account_id=account.id)]


def change_user(
    tx: Tx, actor: Actor, email: str, *, role: Role | None = None, password_hash: str | None = None, now: int
) -> User:
    """Give a user another role or password; what is None stays. One's own password needs no admin, a role does.

    A superuser is changed by that superuser or by a superuser of the root account alone.
    """
    user = user_by_email(tx, actor, email)
    require_power_over(actor, user)
    if role is not None:
        require_admin(actor)
    changes = {"role": role, "password_hash": password_hash}
    if not any(changes.values()):
        return user
    tx.run("user_change", id=user.id, role=role.value if role else None, password_hash=password_hash)
    facts = {"email": user.email, "changed": [name.removesuffix("_hash") for name, value in changes.items() if value]}
    record(tx, Event(now, Kind.USER_CHANGED, user.account_id, f"user:{user.id}", actor.user.id, facts))
    return replace(user, role=role or user.role)


def add_token(tx: Tx, actor: Actor, email: str, token: str, *, token_id: str, expires_at: int | None, now: int) -> User:
    """Make a token for a user: for oneself, or as an admin of an account above.

    A superuser's token is made by that superuser or by a superuser of the root account alone.
    """
    user = user_by_email(tx, actor, email)
    require_power_over(actor, user)
    if not _insert_token(tx, user.id, token, token_id, expires_at, now):
        raise InvalidFields({"token": "is taken"})
    facts = {"token_id": token_id, "expires_at": expires_at}
    record(tx, Event(now, Kind.TOKEN_CREATED, user.account_id, f"user:{user.id}", actor.user.id, facts))
    return user


def revoke_token(tx: Tx, actor: Actor, token_id: str, *, now: int) -> None:
    """From this commit on the token works nowhere. Raises TokenNotFound for one that is not, or not the actor's to
    see; revoking twice is no error."""
    row = tx.one("token_owner", id=token_id) if token_id.isprintable() else None
    if row is None or not actor.may_act_on(account_by_id(tx, row["account_id"])):
        raise TokenNotFound(token_id)
    require_power_over(actor, user_of(row))
    if tx.run("token_revoke", id=token_id, now=now):
        facts = {"token_id": token_id}
        record(tx, Event(now, Kind.TOKEN_REVOKED, row["account_id"], f"user:{row['id']}", actor.user.id, facts))


def tokens_of(tx: Tx, actor: Actor, email: str) -> list[Row]:
    """Ids and times of a user's tokens, one's own or as an admin; the tokens themselves are kept nowhere."""
    user = user_by_email(tx, actor, email)
    if user.id != actor.user.id:
        require_admin(actor)
    return tx.all("tokens_of_user", user_id=user.id)


def require_power_over(actor: Actor, user: User) -> None:
    """Whoever holds a user's token, sets their password or speaks from their Slack is that user: nobody may rise to
    superuser that way. Raises Forbidden."""
    if user.id != actor.user.id:
        require_admin(actor)
        if user.superuser and not actor.is_root:
            raise Forbidden


def require_admin(actor: Actor) -> None:
    """Raises Forbidden unless the actor may change accounts and users."""
    if actor.user.role is not Role.ADMIN and not actor.user.superuser:
        raise Forbidden


def _insert_user(
    tx: Tx,
    account_id: str,
    email: str,
    role: Role,
    superuser: bool,
    password_hash: str | None,
    now: int,
    *,
    name: str = "",
    expertise: int = 1,
) -> int | None:
    user_id: int | None = tx.value(
        "user_insert",
        account_id=account_id,
        email=email.lower(),
        role=role.value,
        superuser=superuser,
        name=name,
        expertise=expertise,
        password_hash=password_hash,
        created_at=now,
    )
    return user_id


def _insert_token(tx: Tx, user_id: int, token: str, token_id: str, expires_at: int | None, now: int) -> bool:
    """False when there is such a token already, whoever's it is and whether it works or not."""
    values = {"id": token_id, "token_hash": hash_token(token), "user_id": user_id}
    return tx.run("token_insert", **values, created_at=now, expires_at=expires_at) > 0


def _actor(row: Row) -> Actor:
    account = Account(row["account_id"], row["name"], row["parent_id"], row["lineage"], row["account_created_at"])
    user = User(
        row["user_id"],
        row["account_id"],
        row["email"],
        Role(row["role"]),
        bool(row["superuser"]),
        row["expertise"],
        row["user_created_at"],
        row["slack_id"],
    )
    return Actor(user, account)


def _account(row: Row) -> Account:
    return Account(row["id"], row["name"], row["parent_id"], row["lineage"], row["created_at"])


def user_of(row: Row) -> User:
    """The user that a row of theirs tells of."""
    return User(
        row["id"],
        row["account_id"],
        row["email"],
        Role(row["role"]),
        bool(row["superuser"]),
        row["expertise"],
        row["created_at"],
        row["slack_id"],
    )
