"""All columns of the tables that are read whole: what `{*table}` and `{*table alias}` stand for in a statement.

`SELECT *` means what the table has at the moment. A server whose tables are given another column by a newer version
would read what it does not know; and PostgreSQL refuses a statement that was prepared before ("cached plan must not
change result type"), in the middle of whatever it is part of.
"""

import re

COLUMNS = {
    "bounties": "id account_id task_id amount currency created_at",
    "chunks": (
        "job_id first_row row_count start_byte end_byte state owner epoch lease_until deaths success_count "
        "failure_count out_bytes success_bytes failed_bytes"
    ),
    "clients": "id account_id name created_at modified_at",
    "deliveries": (
        "id webhook_id message_id event_id kind payload state attempts queued_at next_at courier epoch "
        "attempted_at settled_at last_status last_error"
    ),
    "forms": "id account_id title id_string version fields created_at modified_at",
    "items": (
        "id account_id title description instructions deadline dated estimate_us priority tags properties blocks "
        "owner_id creator_id created_at modified_at status holder_id grabbed_at completed_at completion since "
        "queued_us worked_us suspended_us rejected_us times_rejected generation score"
    ),
    "items_named": (
        "id account_id title description instructions deadline dated estimate_us priority tags properties blocks "
        "owner_id owner creator_id creator created_at modified_at status holder_id holder grabbed_at completed_at "
        "completion since queued_us worked_us suspended_us rejected_us times_rejected score"
    ),
    "jobs": (
        "id account_id auth_account_id user_id category action file_name header out_header rows_name ordered "
        "created_at started_at ended_at node status total_count success_count failure_count input_sha256 turn"
    ),
    "job_numbers": "id job_id",
    "location_types": "id account_id name created_at modified_at",
    "locations": (
        "id account_id name country description parent_id location_type_id longitude latitude radius_m shape x y "
        "z created_at modified_at"
    ),
    "occurrences": (
        "id account_id task_id location_id date week week_day start_time end_time starts_at ends_at created_at"
    ),
    "projects": "id account_id name created_at modified_at",
    "segment_rules": (
        "id account_id name description target_content_type target_field target_field_value active created_at "
        "modified_at"
    ),
    "submissions": (
        "id account_id task_id user_id location_id occurrence_id bounty_id submitted_at valid status comments "
        "data longitude latitude target_content_type target_id paid created_at modified_at"
    ),
    "task_locations": "task_id location_id timing_rule start_time end_time",
    "task_segment_rules": "task_id segment_rule_id",
    "tasks": (
        "id account_id name folded_name description start_at start_given end_at end_given timing_rule zone "
        "estimated_us total_submission_target user_submission_target status required_expertise "
        "target_content_type target_id parent_id client_id project_id created_by created_at modified_at bounty_id "
        "bounty_amount submission_count approved_count pending_count rejected_count paid occurrence_count "
        "occurrences_cut expanded_to expires_at"
    ),
    "webhooks": (
        "id account_id url kinds description secret previous_secret previous_until position created_at "
        "disabled_at disabled_because delivered_at failing_since"
    ),
}

_STAR = re.compile(r"\{\*(\w+)(?: (\w+))?\}")


def spelled_out(sql: str) -> str:
    """The statement with the names of columns in the place of each star."""
    return _STAR.sub(lambda star: _named(star[1], star[2]), sql)


def _named(table: str, alias: str | None) -> str:
    """
    >>> _named("task_locations", "t")[:26]
    't.task_id, t.location_id, '
    """
    return ", ".join(f"{alias}.{column}" if alias else column for column in COLUMNS[table].split())
