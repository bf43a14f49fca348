-- name: task_changes_forget!
-- None of those that are committed is known any more.
DELETE FROM task_changes;

-- name: task_changes_all!
-- Any task may have been changed.
INSERT INTO task_changes (task_id) VALUES (0);
