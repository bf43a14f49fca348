"""Opening accounts in bulk, each with a first admin if one is named: six statements for a batch of any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rota.domain.accounts import Account, Actor, Role, email_fault, name_fault
from rota.domain.errors import AccountNotFound, InvalidFields, Refusal
from rota.domain.events import Event, Kind
from rota.operations.accounts import require_admin
from rota.operations.events import record_all
from rota.operations.tree import Tree, listed, tree
from rota.store.port import Tx


@dataclass(frozen=True, slots=True)
class Opening:
    """An account to be opened below `parent_id`; `email` may be empty."""

    account_id: str
    name: str
    parent_id: str
    email: str = ""


@dataclass(slots=True)
class _View:
    """What a batch has read, and what its rows have added so far."""

    tree: Tree
    below: str
    emails: set[str]
    accounts: list[Account] = field(default_factory=list)
    admins: dict[str, str] = field(default_factory=dict)
    """Account by e-mail."""


def open_accounts(
    tx: Tx, actor: Actor, below: str, openings: Sequence[Opening], *, now: int
) -> list[Account | Refusal]:
    """Open accounts below one that `below` reaches; of each the account, or why there is none.

    Raises Forbidden unless the actor is an admin. A row is refused with AccountNotFound when its parent is unknown or
    out of reach, and with InvalidFields when its name or e-mail will not do.
    """
    require_admin(actor)
    known = tree(tx, {below, *(each.parent_id for each in openings)})
    emails = listed(each.email.lower() for each in openings if each.email)
    taken = {row["email"] for row in tx.all("users_by_emails", emails=emails)}
    view = _View(known, below, taken)
    outcomes = [_open(view, each, now) for each in openings]
    _write(tx, actor, view, emails, now)
    return outcomes


def _open(view: _View, opening: Opening, now: int) -> Account | Refusal:
    if not view.tree.reaches(view.below, opening.parent_id):
        return AccountNotFound(opening.parent_id)
    if faults := _faults(view, opening):
        return InvalidFields(faults)
    parent = view.tree.accounts[opening.parent_id]
    lineage = f"{parent.lineage}{opening.account_id}/"
    account = Account(opening.account_id, opening.name.strip(), parent.id, lineage, now)
    view.tree.accounts[account.id] = account
    view.accounts.append(account)
    if opening.email:
        view.emails.add(opening.email.lower())
        view.admins[opening.email.lower()] = account.id
    return account


def _faults(view: _View, opening: Opening) -> dict[str, str]:
    found = {"name": name_fault(opening.name)}
    if opening.email:
        is_taken = "is taken" if opening.email.lower() in view.emails else None
        found["email"] = email_fault(opening.email) or is_taken
    return {field: fault for field, fault in found.items() if fault}


def _write(tx: Tx, actor: Actor, view: _View, emails: str, now: int) -> None:
    tx.batch("account_insert", [_account_params(account) for account in view.accounts])
    tx.batch("user_insert", [_user_params(email, account, now) for email, account in view.admins.items()])
    users = tx.all("users_by_emails", emails=emails)
    # An e-mail that another transaction took since the batch looked has another account: no id, and the batch fails.
    ids = {row["email"]: row["id"] for row in users if row["account_id"] == view.admins.get(row["email"])}
    record_all(tx, _events(actor, view, ids, now))


def _events(actor: Actor, view: _View, ids: Mapping[str, int], now: int) -> list[Event]:
    by = actor.user.id
    opened = [
        Event(now, Kind.ACCOUNT_CREATED, at.id, f"account:{at.id}", by, {"name": at.name, "parent_id": at.parent_id})
        for at in view.accounts
    ]
    admitted = [
        Event(now, Kind.USER_CREATED, account_id, f"user:{ids[email]}", by, {"email": email, "role": Role.ADMIN.value})
        for email, account_id in view.admins.items()
    ]
    return opened + admitted


def _account_params(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "parent_id": account.parent_id,
        "lineage": account.lineage,
        "created_at": account.created_at,
    }


def _user_params(email: str, account_id: str, now: int) -> dict[str, object]:
    return {
        "account_id": account_id,
        "email": email,
        "name": "",
        "role": Role.ADMIN.value,
        "superuser": False,
        "expertise": 1,
        "password_hash": None,
        "created_at": now,
    }
