-- depends: 0011_task_changes
-- What changes lists of tasks is told by task_changes, task by task; nobody asks any more how often.

DROP TRIGGER tasks_inserted;
DROP TRIGGER tasks_deleted;
DROP TRIGGER tasks_updated;
DROP TRIGGER task_counts_updated;
DROP TRIGGER task_times_inserted;
DROP TRIGGER task_times_deleted;
DROP TRIGGER task_times_updated;
DROP TRIGGER task_locations_inserted;
DROP TRIGGER task_locations_deleted;
DROP TRIGGER task_locations_updated;
DROP TRIGGER task_segment_rules_inserted;
DROP TRIGGER task_segment_rules_deleted;
DROP TRIGGER task_segment_rules_updated;
DROP TABLE list_changes;
