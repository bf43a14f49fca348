"""The category `accounts`: opening accounts in bulk."""

import hashlib
from collections.abc import Sequence

from rota.actions.registry import ERROR, Answer, Batch, Context, Form, Refused, action
from rota.actions.standing import FORBIDDEN, actor_of, all_refused, tx_of
from rota.domain.accounts import Account, is_account_id
from rota.domain.errors import Forbidden, InvalidFields, Refusal
from rota.domain.numbers import Reason
from rota.operations.subaccounts import Opening, open_accounts


@action(
    "accounts",
    "import",
    description="Bulk-create accounts",
    doc="Creates an account below `parent_id`, or below the account of the task if that is empty, and with `email` its "
    "first admin. Returns the new account's `account_id`.\n"
    "Reasons for failure: `unauthorized`, what is wrong with a field (such as `email is taken`), and `forbidden` to "
    "all but admins.\n",
    form=Form.BATCH,
    mandatory=("name",),
    optional=("parent_id", "email"),
    verifiers={"parent_id": is_account_id},
    output=("account_id", ERROR),
    writes=True,
    ordered=True,
)
def import_(context: Context, batch: Batch) -> Sequence[Answer]:
    """The new accounts' ids follow from the rows' keys: a chunk that runs again opens no others."""
    actor = actor_of(context)
    if actor is None:
        return all_refused(batch, FORBIDDEN)
    openings = [
        Opening(_account_id(context.key(index)), row["name"], row["parent_id"] or context.account_id, row["email"])
        for index, row in enumerate(batch)
    ]
    try:
        outcomes = open_accounts(tx_of(context), actor, context.account_id, openings, now=context.now)
    except Forbidden:
        return all_refused(batch, FORBIDDEN)
    return [_answer(outcome) for outcome in outcomes]


def _account_id(key: str) -> str:
    return hashlib.sha256(f"account of {key}".encode()).hexdigest()[:32]


def _answer(outcome: Account | Refusal) -> Answer:
    if isinstance(outcome, Account):
        return {"account_id": outcome.id}
    if isinstance(outcome, InvalidFields):
        return Refused(", ".join(f"{field} {fault}" for field, fault in outcome.faults.items()))
    return Refused(Reason.UNAUTHORIZED.value)
