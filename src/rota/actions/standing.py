"""What the job that an action runs for may do: its transaction, and who started it."""

from collections.abc import Sequence
from dataclasses import replace

from rota.actions.registry import Answer, Batch, Context, Refused
from rota.domain.accounts import Actor
from rota.operations import accounts
from rota.store.port import Tx

FORBIDDEN = "forbidden"


def tx_of(context: Context) -> Tx:
    """The transaction of an action that writes, or of a generator."""
    assert context.tx is not None
    return context.tx


def actor_of(context: Context) -> Actor | None:
    """Who started the job, as they stand now; None when they have left the account that they started it from."""
    actor = accounts.actor_of_user(tx_of(context), context.user_id)
    return actor if actor and actor.account.id == context.auth_account_id else None


def actor_at(context: Context) -> Actor | None:
    """The same, in the account that the job is of."""
    actor = actor_of(context)
    return replace(actor, account=accounts.account_by_id(tx_of(context), context.account_id)) if actor else None


def is_superuser(context: Context) -> bool:
    """Did a superuser of the root account start the job?"""
    actor = actor_of(context)
    return actor is not None and actor.is_root


def all_refused(batch: Batch, reason: str) -> Sequence[Answer]:
    return [Refused(reason) for _ in range(len(batch))]
