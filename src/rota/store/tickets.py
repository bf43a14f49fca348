"""Lets a database know that Procrastinate is its engine, or that it is not any more."""

from rota.store.port import Tx
from rota.store.postgres import PostgresStore

SILENT_S = 60.0
"""A worker that has not been heard of for so long waits for no tickets."""


def begin(store: PostgresStore) -> list[str]:
    """Bring Procrastinate's tables up to date, and let chunks laid open from now on have tickets; the ids of the
    migrations that were applied. What is open already is found when tickets are mended."""
    # Here, because it takes a third of a second, which `end` does not need.
    from procrastinate.schema import SchemaManager

    applied = [*store.apply(SchemaManager.get_migrations_path()), *store.apply("tickets")]
    with store.write() as tx:
        tx.run("ticketing_begin")
    return applied


def end(store: PostgresStore) -> list[str]:
    """Let nothing have tickets any more, unless a worker is there who waits for them. Applies nothing."""
    with store.write() as tx:
        if tx.one("ticketing_installed") and not tx.one("workers_alive", silent_s=SILENT_S) and tx.run("ticketing_end"):
            _cancel_all(tx)
    return []


def _cancel_all(tx: Tx) -> None:
    while ids := [row["id"] for row in tx.all("tickets_waiting")]:
        tx.all("tickets_cancel", ids=str(ids))
