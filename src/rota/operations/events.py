"""Writes the event log and the running totals, always inside somebody else's transaction."""

from collections.abc import Iterable
from typing import Any

import msgspec

from rota.domain.events import Event
from rota.store.port import Tx


def record(tx: Tx, event: Event) -> None:
    tx.run("event_insert", **_params(event))


def record_all(tx: Tx, events: Iterable[Event]) -> None:
    """Write the events of a batch, in their order."""
    tx.batch(*written(events))


def written(events: Iterable[Event]) -> tuple[str, list[dict[str, Any]]]:
    """The statement that writes events, and its rows: for whoever writes more with them in the same trip."""
    return "event_insert", [_params(event) for event in events]


def count(tx: Tx, **totals: int) -> None:
    """Add to the running totals that /metrics shows."""
    for row in counted(**totals)[1]:
        tx.run("total_add", **row)


def counted(**totals: int) -> tuple[str, list[dict[str, Any]]]:
    """The statement that adds to the totals, and its rows: as `written` is."""
    return "total_add", [{"name": name, "amount": amount} for name, amount in totals.items() if amount]


def _params(event: Event) -> dict[str, Any]:
    return {
        "at": event.at,
        "kind": event.kind.value,
        "account_id": event.account_id,
        "subject": event.subject,
        "user_id": event.user_id,
        "facts": msgspec.json.encode(event.facts).decode(),
    }
