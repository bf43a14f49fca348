"""The only dynamic SQL: a closed table from a filter's name to its test. Values always travel as parameters."""

from collections.abc import Mapping
from typing import Any

TESTS: Mapping[str, Mapping[str, str]] = {
    "jobs_page": {
        "status": "status = :status",
        "running": "status IN ('executing', 'stopping')",
        "category": "category = :category",
        "action": "action = :action",
        "created_from": "created_at >= :created_from",
        "created_to": "created_at < :created_to",
        "before": "(created_at, id) < (:before_at, :before_id)",
    },
}


def fill(statement: str, sql: str, tests: Mapping[str, Any]) -> str:
    """The statement with `{where}` replaced by the tests asked for, in the table's order."""
    known = TESTS[statement]
    chosen = [test for name, test in known.items() if name in tests]
    return sql.replace("{where}", "".join(f" AND {test}" for test in chosen))
