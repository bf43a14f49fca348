"""Bounties, as they are kept. Whoever writes a task's amount adds one; nobody changes any."""

from rota.domain.field.bounties import Bounty
from rota.domain.field.queries import Order
from rota.operations.field.access import Access, Who
from rota.operations.field.records import Kept
from rota.store.port import Row, Tx


def currency(tx: Tx) -> str | None:
    """The currency of all bounties, None while there is none."""
    found: str | None = tx.value("bounty_currency")
    return found


def _bounty(row: Row) -> Bounty:
    return Bounty(row["id"], row["task_id"], row["amount"], row["currency"], row["created_at"])


class Bounties(Kept):
    kind, collection = "bounty", "bounties"
    access = Access(read=Who.ADMINS, create=Who.NOBODY, change=Who.NOBODY, delete=Who.NOBODY)
    by_ids = "bounties_by_ids"
    order = (Order("id"),)
    value = staticmethod(_bounty)
