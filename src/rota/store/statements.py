"""Loads the named statements of store/sql, each file's own and what the two databases share."""

from pathlib import Path
from typing import Any

import aiosql

_SQL = Path(__file__).parent / "sql"


def load(dialect: str, driver: str) -> dict[str, str]:
    """Statement texts by name, placeholders in the driver's own style.

    `dialect` is the folder of statements that differ; a name that stands in both folders is an error.
    """
    found: dict[str, str] = {}
    for folder in ("common", dialect):
        queries: Any = aiosql.from_path(_SQL / folder, driver, mandatory_parameters=False)
        for name in queries.available_queries:
            if name.endswith("_cursor"):
                continue
            if name in found:
                raise ValueError(f"the statement {name} stands in both common and {dialect}")
            found[name] = getattr(queries, name).sql
    return found
