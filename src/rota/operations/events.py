"""Writes the event log and the running totals, always inside somebody else's transaction."""

import msgspec

from rota.domain.events import Event
from rota.store.port import Tx


def record(tx: Tx, event: Event) -> None:
    tx.run(
        "event_insert",
        at=event.at,
        kind=event.kind.value,
        account_id=event.account_id,
        subject=event.subject,
        user_id=event.user_id,
        facts=msgspec.json.encode(event.facts).decode(),
    )


def count(tx: Tx, **totals: int) -> None:
    """Add to the running totals that /metrics shows."""
    for name, amount in totals.items():
        if amount:
            tx.run("total_add", name=name, amount=amount)
