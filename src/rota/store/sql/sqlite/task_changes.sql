-- name: task_changes_since
-- The state now, and the tasks that were changed since another, 0 for all of them; one row at least, without a task.
-- Differs because SQLite has one writer at a time: its states are in a row, and the last change tells which it is.
SELECT (SELECT max(id) FROM task_changes) AS state, found.task_id
FROM (SELECT 1) LEFT JOIN (
    SELECT task_id FROM task_changes WHERE id > :since AND (:counted OR NOT counted)
    UNION ALL SELECT 0 WHERE :since > (SELECT max(id) FROM task_changes)
    LIMIT :limit) found;

-- name: task_changes_long
-- Are there so many that they take too much room?
-- Differs because PostgreSQL's may also be those of another server.
SELECT EXISTS (SELECT 1 FROM task_changes LIMIT 1 OFFSET 10000) AS long;
