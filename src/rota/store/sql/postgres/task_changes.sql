-- name: task_changes_since
-- The state now, and the tasks that were changed since another, 0 for all of them; one row at least, without a task.
-- Differs because PostgreSQL's states are snapshots: of two one sees all that the other sees, and the one that sees fewer
-- transactions is the older.
WITH given (snapshot) AS (SELECT CAST(:since AS pg_snapshot))
SELECT CAST(pg_current_snapshot() AS text) AS state, found.task_id
FROM given LEFT JOIN LATERAL (
    SELECT task_id FROM task_changes
    WHERE writer >= pg_snapshot_xmin(given.snapshot) AND NOT pg_visible_in_snapshot(writer, given.snapshot)
      AND (:counted OR NOT counted)
    UNION ALL
    SELECT 0 WHERE CAST(CAST(pg_snapshot_xmax(given.snapshot) AS text) AS bigint)
                   - (SELECT count(*) FROM pg_snapshot_xip(given.snapshot))
                 > CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
                   - (SELECT count(*) FROM pg_snapshot_xip(pg_current_snapshot()))
    LIMIT :limit) found ON TRUE;

-- name: task_changes_long
-- Are there so many that they take too much room, or such as another server has numbered, from which they were restored?
-- Differs because SQLite's are not numbered by the server.
SELECT EXISTS (SELECT 1 FROM task_changes LIMIT 1 OFFSET 10000)
    OR EXISTS (SELECT 1 FROM task_changes WHERE writer >= pg_snapshot_xmax(pg_current_snapshot())) AS long;
