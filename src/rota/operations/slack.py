"""People and requests that come from Slack: whose Slack id is whose, and each request done once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from rota.domain.accounts import Actor, User, email_fault, slack_id_fault
from rota.domain.errors import InvalidFields
from rota.domain.events import Event, Kind
from rota.operations import accounts
from rota.operations.events import record
from rota.store.port import Tx

KEPT_US = 3_600 * 1_000_000
"""How long an answer is kept: signatures are taken for five minutes, and retries come within as many."""

FORGOTTEN_AT_ONCE = 10
"""More than the one that each request adds."""


@dataclass(frozen=True, slots=True)
class Request:
    """What Slack sends. Two are the same when their fingerprints and their stamps are: `stamp` is the time of sending
    where nothing else tells a request from the same words said again. A retry is the same whatever its stamp."""

    fingerprint: str
    stamp: str
    retry: bool


def link(tx: Tx, actor: Actor, email: str, slack_id: str | None, *, now: int) -> User:
    """Let a user be known by a Slack id, or by none: oneself, or another as an admin.

    Raises UserNotFound, Forbidden, and InvalidFields for an id that is none or somebody else's.
    """
    user = accounts.user_by_email(tx, actor, email)
    accounts.require_power_over(actor, user)
    if slack_id is not None and (fault := slack_id_fault(slack_id)):
        raise InvalidFields({"slack_id": fault})
    if slack_id == user.slack_id:
        return user
    tx.value("slack_ids_lock")
    if not tx.run("user_link_slack", id=user.id, slack_id=slack_id):
        raise InvalidFields({"slack_id": "is taken"})
    facts = {"email": user.email, "changed": ["slack_id"]}
    record(tx, Event(now, Kind.USER_CHANGED, user.account_id, f"user:{user.id}", actor.user.id, facts))
    return replace(user, slack_id=slack_id)


def find(tx: Tx, slack_id: str, emails: Iterable[str] = ()) -> Actor | None:
    """Who has the Slack id or, where nobody has, the first who has one of the e-mails and no Slack id at all: an e-mail
    must not open what an admin has linked to another id."""
    user_id = None if slack_id_fault(slack_id) else tx.value("user_by_slack", slack_id=slack_id)
    if user_id is None:
        user_id = next((found for email in emails if (found := _unlinked(tx, email))), None)
    return None if user_id is None else accounts.actor_of_user(tx, user_id)


def once(tx: Tx, request: Request, act: Callable[[], str], *, now: int) -> str:
    """What `act` answers, or what it answered when this request came before: then it is not called.

    The claim of the request, what `act` does and its answer are one commit, the caller's. Of two that come at the same
    time the second waits for the first's transaction.
    """
    tx.run("slack_requests_forget", before=now - KEPT_US, limit=FORGOTTEN_AT_ONCE)
    fingerprint = request.fingerprint
    if not tx.run("slack_request_claim", fingerprint=fingerprint, stamp=request.stamp, retry=request.retry, now=now):
        return str(tx.value("slack_request_answered", fingerprint=fingerprint))
    answer = act()
    tx.run("slack_request_answer", fingerprint=fingerprint, answer=answer)
    return answer


def _unlinked(tx: Tx, email: str) -> int | None:
    row = None if email_fault(email) else tx.one("user_by_email", email=email.lower())
    return row["id"] if row and row["slack_id"] is None else None
