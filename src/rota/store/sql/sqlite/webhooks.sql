-- name: webhooks_listening
-- The enabled webhooks of these accounts, kept as they are until this transaction ends.
-- Differs because the one writer of SQLite needs no lock, and each database takes a list apart in its own way.
SELECT {*webhooks} FROM webhooks WHERE disabled_at IS NULL
AND account_id IN (SELECT value FROM json_each(:account_ids)) ORDER BY id;

-- name: webhook_lock
-- A webhook, kept from others until this transaction ends.
-- Differs because the one writer of SQLite needs no lock.
SELECT {*webhooks} FROM webhooks WHERE id = :id;

-- name: deliveries_due
-- A few due deliveries of each webhook that is not busy, those first whose webhook does not fail.
-- Differs because SQLite has no LATERAL, and must be told its indexes.
SELECT d.id, d.webhook_id, d.message_id, d.kind, d.payload, d.attempts, d.queued_at, w.url, w.secret, w.previous_secret,
       w.previous_until, w.failing_since
FROM webhooks w CROSS JOIN deliveries d ON d.id IN (
    SELECT x.id FROM deliveries x INDEXED BY deliveries_due
    WHERE x.webhook_id = w.id AND x.state = 'pending' AND x.next_at <= :now ORDER BY x.next_at, x.id LIMIT :each)
WHERE w.disabled_at IS NULL AND w.id NOT IN (SELECT value FROM json_each(:busy))
ORDER BY w.failing_since IS NOT NULL, d.next_at, d.id LIMIT :limit;

-- name: deliveries_claim
-- Those of these deliveries that are still due, in this courier's hands from now on.
-- Differs because the one writer of SQLite passes nobody by, and each database takes a list apart in its own way.
UPDATE deliveries SET courier = :courier, epoch = epoch + 1, next_at = :lease_until
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'pending' AND next_at <= :now
RETURNING id, epoch;
