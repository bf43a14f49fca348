"""Gives ids to rows that are yet to be written, so that a batch may refer to its own rows before they are there."""

from rota.store.port import Tx


def new_ids(tx: Tx, table: str, count: int) -> list[int]:
    """So many, ascending, which nobody else is given. In SQLite they are to be written before others are asked for."""
    return [row["id"] for row in tx.all("new_ids", table=table, count=count)] if count else []
