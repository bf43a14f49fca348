-- name: slack_ids_lock
-- Let nobody else link a Slack id until this transaction ends: a look for who has it sees what others have committed.
-- Differs because several writers may be at work. The number is this lock's name, and no other's.
SELECT 1 AS locked FROM pg_advisory_xact_lock(7237641);

-- name: slack_requests_forget!
-- Some of the requests that nobody sends again.
-- Differs because several writers may be at work; this one waits for none of them.
DELETE FROM slack_requests WHERE fingerprint IN (
    SELECT fingerprint FROM slack_requests WHERE handled_at < :before ORDER BY handled_at LIMIT :limit
    FOR UPDATE SKIP LOCKED);
