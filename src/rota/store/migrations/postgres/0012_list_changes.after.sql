-- depends: 0011_task_changes
-- What changes lists of tasks is told by task_changes, task by task; nobody asks any more how often.

DROP TRIGGER tasks_changed ON tasks;
DROP TRIGGER task_counts_changed ON tasks;
DROP TRIGGER task_times_changed ON task_times;
DROP TRIGGER task_locations_changed ON task_locations;
DROP TRIGGER task_segment_rules_changed ON task_segment_rules;
DROP FUNCTION list_changed();
DROP TABLE list_changes;
