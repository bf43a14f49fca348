"""How a database means to run a statement."""

from collections.abc import Iterable
from typing import Any

from rota.store.port import Store, Tx
from rota.store.sqlite import SqliteStore, SqliteTx


def plan(store: Store, how: str, statement: str, *args: Any, **params: Any) -> str:
    """The plan of a statement, line by line."""
    with store.write() as tx:
        return _explained(tx, how, statement, *args, **params)


def plan_by_indexes(store: Store, how: str, statement: str, *args: Any, **params: Any) -> str:
    """The same, as it is for tables of any size: PostgreSQL reads small ones whole, unless it is told not to."""
    with store.write() as tx:
        if not isinstance(store, SqliteStore):
            tx._connection.execute("SET LOCAL enable_seqscan = off")  # type: ignore[attr-defined]
        return _explained(tx, how, statement, *args, **params)


def _explained(tx: Tx, how: str, statement: str, *args: Any, **params: Any) -> str:
    sqlite = isinstance(tx, SqliteTx)
    prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    sql = {name: prefix + text for name, text in tx._sql.items()}  # type: ignore[attr-defined]
    explaining: Tx = type(tx)(tx._connection, sql, None)  # type: ignore[call-arg, attr-defined]
    rows = getattr(explaining, how)(statement, *args, **params)
    return "\n".join(row["detail" if sqlite else "QUERY PLAN"] for row in rows)


def insert(tx: Tx, table: str, columns: str, rows: Iterable[str]) -> None:
    tx._connection.execute(f"INSERT INTO {table} ({columns}) VALUES {', '.join(rows)}")  # type: ignore[attr-defined]
