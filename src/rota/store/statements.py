"""Loads the named statements of store/sql, each file's own and what the two databases share."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiosql

from rota.store.columns import spelled_out
from rota.store.port import Columns

_SQL = Path(__file__).parent / "sql"

_SLOTS = {
    "sqlite": {
        "{ids}": "SELECT value FROM json_each(:ids)",
        "{words}": "SELECT value FROM json_each(:words)",
        "{full}": "SELECT value FROM json_each(:full)",
        "{low}": "SELECT value FROM json_each(:low)",
        " {lock}": "",
        " {share}": "",
        " {turn}": "",
        " {skip}": "",
    },
    "postgres": {
        "{ids}": "SELECT CAST(jsonb_array_elements_text(CAST(%(ids)s AS jsonb)) AS bigint)",
        "{words}": "SELECT jsonb_array_elements_text(CAST(%(words)s AS jsonb))",
        "{full}": "SELECT jsonb_array_elements_text(CAST(%(full)s AS jsonb))",
        "{low}": "SELECT jsonb_array_elements_text(CAST(%(low)s AS jsonb))",
        " {lock}": " FOR UPDATE",
        " {share}": " FOR KEY SHARE",
        " {turn}": " FOR NO KEY UPDATE",
        " {skip}": " FOR UPDATE SKIP LOCKED",
    },
}
"""What statements that are otherwise the same leave to the database. `IN ({ids})` and `IN ({words})` take a list apart,
which is one parameter in JSON; so do `{full}` and `{low}`, the lists of whose turn it is not. Until the transaction
ends `{lock}` keeps rows from others who write; `{skip}` does so too, and passes over those that others keep; `{share}`
keeps rows from those who delete; `{turn}` keeps them from others who write, and lets what refers to them be written."""


@cache
def load(dialect: str, driver: str, *more: str) -> Mapping[str, str]:
    """Statement texts by name, placeholders in the driver's own style. Read once a process: it takes 60 ms.

    `dialect` is the folder of statements that differ, `more` are further ones; a name that stands in two folders is an
    error.
    """
    found: dict[str, str] = {}
    for folder in ("common", dialect, *more):
        queries: Any = aiosql.from_path(_SQL / folder, driver, mandatory_parameters=False)
        for name in queries.available_queries:
            if name.endswith("_cursor"):
                continue
            if name in found:
                raise ValueError(f"the statement {name} stands in {folder} and in another folder")
            found[name] = _slotted(getattr(queries, name).sql, dialect)
    return MappingProxyType(found)


def load_whole(dialect: str, driver: str) -> dict[str, str]:
    """The statements over any table and over the schema itself, by name; most are one database's alone."""
    found: dict[str, str] = {}
    for file in ("common", dialect):
        queries: Any = aiosql.from_path(_SQL / "whole" / f"{file}.sql", driver, mandatory_parameters=False)
        names = (name for name in queries.available_queries if not name.endswith("_cursor"))
        found |= {name: getattr(queries, name).sql for name in names}
    return found


def _slotted(sql: str, dialect: str) -> str:
    for slot, text in _SLOTS[dialect].items():
        sql = sql.replace(slot, text)
    return spelled_out(sql)


def filled(sql: str, slots: Mapping[str, str]) -> str:
    """The statement with texts in the places of `{where}`, `{order}` and the like."""
    for slot, text in slots.items():
        sql = sql.replace(f"{{{slot}}}", text)
    return sql


def by_column(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Columns:
    """
    >>> by_column(["id", "name"], [(1, "one"), (2, "two")])
    {'id': (1, 2), 'name': ('one', 'two')}
    """
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
