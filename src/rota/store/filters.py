"""The only dynamic SQL: a closed table from a filter's name to its test. Values always travel as parameters."""

from collections.abc import Mapping
from typing import Any

_TAG = "id IN (SELECT t.item_id FROM item_tags t WHERE t.account_id = :account_id AND t.tag = :tag)"
_OF_ITEMS = {"tag": _TAG, "title": "lower(title) LIKE :title ESCAPE '\\'"}
_OF_EVENTS = {
    # Word for word the condition of the index events_of_desk.
    "desk": "e.kind IN ('item.added', 'item.updated', 'item.deleted', 'item.peeked', 'item.grabbed', "
    "'item.suspended', 'item.activated', 'item.released', 'item.succeeded', 'item.failed', "
    "'shift.started', 'shift.ended')",
    "kind": "e.kind = :kind",
    "subject": "e.subject = :subject",
}

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
    "items_page": {
        "status": "status = :status",
        "present": "status <> 'deleted'",
        "owner_id": "owner_id = :owner_id",
        "tag": _TAG,
    },
    "stats_items_requested": _OF_ITEMS,
    "stats_items_completed": _OF_ITEMS,
    "deliveries_page": {"state": "state = :state"},
    "desk_log": {**_OF_EVENTS, "user_id": "e.user_id = :user_id"},
    "desk_log_after": {**_OF_EVENTS, "user": "e.user_id = (SELECT w.id FROM users w WHERE w.email = :user)"},
}


def fill(statement: str, sql: str, tests: Mapping[str, Any]) -> str:
    """The statement with `{where}` replaced by the tests asked for, in the table's order."""
    known = TESTS[statement]
    chosen = [test for name, test in known.items() if name in tests]
    return sql.replace("{where}", "".join(f" AND {test}" for test in chosen))
