"""Which tasks are offered to a user now, and how far away they are: conditions of lists of tasks, as SQL.

The parameters are `offer_now`, microseconds since 1970 UTC, and `offer_user`, an id; those of distances are `near_x`,
`near_y` and `near_z`, metres from the middle of the earth.
"""

_RULES = """SELECT 1 FROM task_segment_rules er JOIN segment_rules r ON r.id = er.segment_rule_id
    WHERE er.task_id = t.id AND r.active AND r.target_content_type = """

# A field that is not there matches nothing, whatever the value.
_UNMATCHED_BY_USER = f"""{_RULES} 13 AND coalesce(CASE r.target_field
    WHEN 'id' THEN CAST(eu.id AS text) WHEN 'email' THEN eu.email WHEN 'name' THEN eu.name WHEN 'role' THEN eu.role
    WHEN 'expertise' THEN CAST(eu.expertise AS text) END <> r.target_field_value, TRUE)"""

_UNMATCHED_AT_LOCATION = f"""{_RULES} 15 AND coalesce(CASE r.target_field
    WHEN 'id' THEN CAST(el.id AS text) WHEN 'name' THEN el.name WHEN 'country' THEN el.country
    WHEN 'description' THEN el.description WHEN 'parent' THEN CAST(el.parent_id AS text)
    WHEN 'parent_name' THEN (SELECT ep.name FROM locations ep WHERE ep.id = el.parent_id)
    WHEN 'location_type' THEN CAST(el.location_type_id AS text)
    WHEN 'location_type_name' THEN (SELECT et.name FROM location_types et WHERE et.id = el.location_type_id)
    END <> r.target_field_value, TRUE)"""

_LOCATIONS = f"""FROM task_locations etl JOIN locations el ON el.id = etl.location_id
    WHERE etl.task_id = t.id AND NOT EXISTS ({_UNMATCHED_AT_LOCATION})"""

_OPEN = """t.status = 'a' AND t.start_at <= :offer_now AND (t.end_at IS NULL OR t.end_at >= :offer_now)
    AND (t.total_submission_target IS NULL OR t.approved_count + t.pending_count < t.total_submission_target)"""

_FOR_USER = f"""EXISTS (SELECT 1 FROM users eu WHERE eu.id = :offer_user AND t.required_expertise <= eu.expertise
    AND NOT EXISTS ({_UNMATCHED_BY_USER}))
    AND (t.user_submission_target IS NULL OR t.user_submission_target > (SELECT count(*) FROM submissions es
    WHERE es.task_id = t.id AND es.user_id = :offer_user AND es.status <> 'b'))"""

_SOMEWHERE = f"(NOT EXISTS ({_RULES} 15) OR EXISTS (SELECT 1 {_LOCATIONS}))"

# Without a rule of its own, a task can be done at any time where its locations have none either.
_UNTIMED = f"""t.timing_rule IS NULL AND (NOT EXISTS (SELECT 1 FROM task_locations ew
    WHERE ew.task_id = t.id AND ew.timing_rule IS NOT NULL)
    OR EXISTS (SELECT 1 {_LOCATIONS} AND etl.timing_rule IS NULL))"""

_NOW = f"""EXISTS (SELECT 1 FROM occurrences eo WHERE eo.task_id = t.id AND eo.ends_at >= :offer_now
    AND eo.starts_at <= :offer_now AND (eo.location_id IS NULL OR EXISTS (SELECT 1 FROM locations el
    WHERE el.id = eo.location_id AND NOT EXISTS ({_UNMATCHED_AT_LOCATION}))))"""

ELIGIBLE = f"({_OPEN} AND {_FOR_USER} AND {_SOMEWHERE} AND (({_UNTIMED}) OR {_NOW}))"

# What has no location that is known comes last: nothing on earth is so far away.
DISTANCE = f"""coalesce((SELECT min((el.x - :near_x) * (el.x - :near_x) + (el.y - :near_y) * (el.y - :near_y)
    + (el.z - :near_z) * (el.z - :near_z)) {_LOCATIONS}), 1e300)"""
"""Squared metres in a straight line to the nearest location of the task at which its segment rules let it be done."""
