"""Whatever asks for records of the field by their ids finds them by their ids, however many the account has."""

from typing import Any

from ground import ROOT
from plans import plan_by_indexes
from rota.store.port import Store

IDS: dict[str, Any] = {"account_id": ROOT, "ids": "[7,8]"}
ONE: dict[str, Any] = {"account_id": ROOT, "id": 7}

ASKED: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("tasks_by_ids", "tasks_known", "task_lock", "occurrences_by_ids"), IDS),
    **dict.fromkeys(("locations_by_ids", "locations_known", "location_lock"), IDS),
    **dict.fromkeys(("projects_by_ids", "segment_rules_by_ids", "bounties_by_ids", "submissions_by_ids"), IDS),
    **dict.fromkeys(("jobs_by_ids", "jobs_known"), IDS),
    **dict.fromkeys(("tasks_at_location_lock", "tasks_of_segment_rule_lock"), ONE),
    "tasks_leave_location": {**IDS, "id": 7, "now": 1},
    "tasks_to_gather_lock": {**IDS, "project_id": 7},
    "tasks_project_set": {"ids": "[7,8]", "project_id": 7, "now": 1},
    "tasks_of_projects": {"ids": "[7,8]", "most": 100},
    "tasks_of_project": {"project_id": 7},
    "location_lies_below": {"id": 7, "parent_id": 8},
    "location_needed": {"id": 7},
    "locations_named": {"account_id": ROOT, "words": '["n7"]'},
}


HARMLESS = ("json_each", "CONSTANT ROW", "SCAN a", "Subquery Scan")
"""Lists of ids, constants, and the few rows that an inner part of a statement has found."""


def test_no_statement_walks_a_table_or_an_account(store: Store) -> None:
    walks = {statement: _walks(store, statement, params) for statement, params in ASKED.items()}
    assert {statement: lines for statement, lines in walks.items() if lines} == {}


def _walks(store: Store, statement: str, params: dict[str, Any]) -> list[str]:
    lines = plan_by_indexes(store, "all", statement, **params).splitlines()
    told = [line for line in lines if not any(each in line for each in HARMLESS)]
    return [line for line in told if "SCAN" in line or "Seq Scan" in line or line.endswith("(account_id=?)")]
