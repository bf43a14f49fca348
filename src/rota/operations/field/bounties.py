"""Bounties, as they are kept. Whoever writes a task's amount adds one; nobody changes any."""

from rota.domain.field.bounties import Bounty
from rota.domain.field.queries import Order
from rota.operations.field.access import Access, Who
from rota.operations.field.records import Kept
from rota.operations.field.values import values_of
from rota.store.port import Tx


def currency(tx: Tx) -> str | None:
    """The currency of all bounties, None while there is none."""
    found: str | None = tx.value("bounty_currency")
    return found


class Bounties(Kept):
    kind, collection = "bounty", "bounties"
    access = Access(read=Who.ADMINS, create=Who.NOBODY, change=Who.NOBODY, delete=Who.NOBODY)
    by_ids = "bounties_by_ids"
    order = (Order("id"),)
    values = staticmethod(values_of(Bounty))
