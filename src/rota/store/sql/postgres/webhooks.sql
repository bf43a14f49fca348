-- name: webhooks_listening
-- The enabled webhooks of these accounts, kept as they are until this transaction ends.
-- Differs because several writers may be at work: whoever disables one of these waits, and then sees its new deliveries.
SELECT {*webhooks} FROM webhooks WHERE disabled_at IS NULL
AND account_id IN (SELECT jsonb_array_elements_text(CAST(:account_ids AS jsonb))) ORDER BY id FOR SHARE;

-- name: webhook_lock
-- A webhook, kept from others until this transaction ends.
-- Differs because several writers may be at work: the lock of a webhook comes before those of its deliveries.
SELECT {*webhooks} FROM webhooks WHERE id = :id FOR UPDATE;

-- name: deliveries_due
-- A few due deliveries of each webhook that is not busy, those first whose webhook does not fail.
-- Differs because PostgreSQL has LATERAL, and finds its indexes.
SELECT d.id, d.webhook_id, d.message_id, d.kind, d.payload, d.attempts, d.queued_at, w.url, w.secret, w.previous_secret,
       w.previous_until, w.failing_since
FROM webhooks w CROSS JOIN LATERAL (
    SELECT {*deliveries x} FROM deliveries x
    WHERE x.webhook_id = w.id AND x.state = 'pending' AND x.next_at <= :now ORDER BY x.next_at, x.id LIMIT :each) d
WHERE w.disabled_at IS NULL AND w.id NOT IN (SELECT jsonb_array_elements_text(CAST(:busy AS jsonb)))
ORDER BY w.failing_since IS NOT NULL, d.next_at, d.id LIMIT :limit;

-- name: deliveries_claim
-- Those of these deliveries that are still due, in this courier's hands from now on.
-- Differs because several writers may be at work: couriers who want the same ones pass each other by.
UPDATE deliveries SET courier = :courier, epoch = epoch + 1, next_at = :lease_until
WHERE id IN (
    SELECT id FROM deliveries
    WHERE id IN (SELECT CAST(jsonb_array_elements_text(CAST(:ids AS jsonb)) AS bigint))
    AND state = 'pending' AND next_at <= :now ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING id, epoch;
