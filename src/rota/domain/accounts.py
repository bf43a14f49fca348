"""Who is who: the tree of accounts, the users in it, their tokens, and what an actor may touch."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

TOKEN_BYTES = 32
EMAIL_LIMIT = 254
NAME_LIMIT = 255
PASSWORD_MINIMUM = 8
PASSWORD_LIMIT = 1024

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
_SLACK_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")


class Role(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Account:
    """A node of the tree. `lineage` is the ids from the root down to itself, each followed by `/`."""

    id: str
    name: str
    parent_id: str | None
    lineage: str
    created_at: int

    def reaches(self, other: "Account") -> bool:
        """True for itself and its descendants."""
        return other.lineage.startswith(self.lineage)


@dataclass(frozen=True, slots=True)
class User:
    id: int
    account_id: str
    email: str
    role: Role
    superuser: bool
    expertise: int
    created_at: int
    slack_id: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a user, seen through the account of the token that they sent."""

    user: User
    account: Account

    def may_act_on(self, account: Account) -> bool:
        return self.account.reaches(account) or self.is_root

    @property
    def is_root(self) -> bool:
        """A superuser of the root account, who may act on every account."""
        return self.user.superuser and self.account.parent_id is None


def hash_token(token: str) -> str:
    """The SHA-256 of a token, in hex: what is stored, looked up and compared instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_hash(one: str, other: str) -> bool:
    """Compare two hashes in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def is_account_id(text: str) -> bool:
    return _ACCOUNT_ID.fullmatch(text) is not None


def email_fault(email: str) -> str | None:
    """Why this is no e-mail address, or None."""
    if len(email) > EMAIL_LIMIT:
        return f"is longer than {EMAIL_LIMIT} characters"
    return None if _EMAIL.fullmatch(email) and email.isprintable() else "is not an e-mail address"


def slack_id_fault(text: str) -> str | None:
    """Why Slack calls nobody so, or None. It writes `U024BE7LH`; what it may write some day is not known."""
    return None if _SLACK_ID.fullmatch(text) else "is not a Slack id, such as U024BE7LH"


def name_fault(name: str) -> str | None:
    """Why this cannot name an account, or None."""
    if not name.strip():
        return "is blank"
    if len(name) > NAME_LIMIT:
        return f"is longer than {NAME_LIMIT} characters"
    return None if name.isprintable() else "holds control characters"


def password_fault(password: str) -> str | None:
    """Why this is no good password, or None. What it holds is free: length is what makes it hard to guess."""
    if len(password) < PASSWORD_MINIMUM:
        return f"must be at least {PASSWORD_MINIMUM} characters"
    return f"is longer than {PASSWORD_LIMIT} characters" if len(password) > PASSWORD_LIMIT else None
