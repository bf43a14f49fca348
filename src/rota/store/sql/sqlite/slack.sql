-- name: slack_ids_lock
-- Let nobody else link a Slack id until this transaction ends.
-- Differs because the one writer of SQLite meets nobody.
SELECT 1 AS locked;

-- name: slack_requests_forget!
-- Some of the requests that nobody sends again.
-- Differs because the one writer of SQLite meets nobody.
DELETE FROM slack_requests WHERE fingerprint IN (
    SELECT fingerprint FROM slack_requests WHERE handled_at < :before ORDER BY handled_at LIMIT :limit);
