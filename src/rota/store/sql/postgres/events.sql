-- name: events_writers
-- The transactions that may have taken an id of the log and have not committed it: they have locked it for writing.
-- Differs because several writers may be at work, who take ids in one order and commit in another.
SELECT virtualtransaction AS writer FROM pg_locks
WHERE locktype = 'relation' AND relation = CAST('events' AS regclass) AND mode = 'RowExclusiveLock' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
