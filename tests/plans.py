"""How a database means to run a statement."""

from collections.abc import Iterable
from typing import Any

from rota.store.port import Store, Tx
from rota.store.sqlite import SqliteStore


def plan(store: Store, how: str, statement: str, *args: Any, **params: Any) -> str:
    """The plan of a statement, line by line."""
    sqlite = isinstance(store, SqliteStore)
    with store.write() as tx:
        prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        sql = {name: prefix + text for name, text in tx._sql.items()}  # type: ignore[attr-defined]
        explaining: Tx = type(tx)(tx._connection, sql, None)  # type: ignore[call-arg, attr-defined]
        rows = getattr(explaining, how)(statement, *args, **params)
        return "\n".join(row["detail" if sqlite else "QUERY PLAN"] for row in rows)


def insert(tx: Tx, table: str, columns: str, rows: Iterable[str]) -> None:
    tx._connection.execute(f"INSERT INTO {table} ({columns}) VALUES {', '.join(rows)}")  # type: ignore[attr-defined]
