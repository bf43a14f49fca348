"""Tickets: jobs of Procrastinate, each a right to work. On which chunk the ledger decides, and what counts.

The database itself defers them, in the transaction that lays chunks open (store/migrations/tickets). Whoever comes with
a ticket works for as long as anything waits, so that nothing is left behind when a ticket ends. What no transaction
tells of (a lease that runs out, a limit that lets in one more, a worker that is dead) is found by `mend`.
"""

import json
from collections.abc import Callable

from rota.domain.sharing import Rules
from rota.engine import ledger
from rota.store.port import Store, Tx

QUEUE = "rota"
TASK = "rota.work"


def tear_up(store: Store, rules: Rules, clock: Callable[[], int]) -> int:
    """Remove the tickets for which there is nothing to do; how many.

    Only those that were there before the look which found nothing: what is deferred after it is for what it missed.
    """
    with store.look() as tx:
        ids = [row["id"] for row in tx.all("tickets_waiting")]
    with store.read() as tx:
        if not ids or ledger.is_waiting(tx, rules, now=clock()):
            return 0
    with store.write() as tx:
        tx.all("tickets_cancel", ids=json.dumps(ids))
    return len(ids)


def mend(tx: Tx, rules: Rules, *, silent_s: float, now: int) -> int:
    """Forget workers that have been silent for so long, with their tickets, and defer the tickets that are missing; how
    many. Does nothing while another does it."""
    if not tx.value("tickets_turn"):
        return 0
    tx.all("workers_prune", silent_s=silent_s)
    tx.all("tickets_clear")
    chunks = tx.value("tickets_wanted", full=ledger.as_json(ledger.full(tx, rules)), now=now)
    missing: int = chunks - len(tx.all("tickets_waiting"))
    if missing > 0:
        tx.all("tickets_defer", chunks=missing)
    return max(missing, 0)
