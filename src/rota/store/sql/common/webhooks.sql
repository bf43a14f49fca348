-- name: webhook_insert!
-- A webhook for what comes after an event, unless the account has as many as it may.
INSERT INTO webhooks (id, account_id, url, kinds, description, secret, position, created_at)
SELECT :id, :account_id, :url, :kinds, :description, :secret, :position, :created_at
WHERE (SELECT count(*) FROM webhooks WHERE account_id = :account_id) < :most;

-- name: webhook_by_id
-- One webhook of the account.
SELECT {*webhooks} FROM webhooks WHERE id = :id AND account_id = :account_id;

-- name: webhooks_of_account
-- The account's webhooks, the oldest first.
SELECT {*webhooks} FROM webhooks WHERE account_id = :account_id ORDER BY created_at, id;

-- name: webhook_change!
-- Write anew what people write of a webhook.
UPDATE webhooks SET url = :url, kinds = :kinds, description = :description WHERE id = :id;

-- name: webhook_enable!
-- Send again, what comes after an event.
UPDATE webhooks SET disabled_at = NULL, disabled_because = NULL, failing_since = NULL, position = :position
WHERE id = :id AND disabled_at IS NOT NULL;

-- name: webhook_disable!
-- Send nothing more.
UPDATE webhooks SET disabled_at = :now, disabled_because = :because WHERE id = :id AND disabled_at IS NULL;

-- name: webhook_rotate!
-- A new secret; the one before it goes on signing for a while.
UPDATE webhooks SET previous_secret = secret, previous_until = :previous_until, secret = :secret WHERE id = :id;

-- name: webhook_delete!
-- The webhook and its deliveries.
DELETE FROM webhooks WHERE id = :id;

-- name: webhook_succeeded!
-- A message has arrived.
UPDATE webhooks SET delivered_at = :now, failing_since = NULL WHERE id = :id;

-- name: webhook_failed!
-- An attempt failed, perhaps not the first in a row.
UPDATE webhooks SET failing_since = coalesce(failing_since, :now) WHERE id = :id;

-- name: webhooks_begin
-- After which event the first of the webhooks begins; null where none is enabled.
SELECT min(position) AS position FROM webhooks WHERE disabled_at IS NULL;

-- name: cursor_position
-- Up to which event all deliveries are written.
SELECT position FROM webhook_cursor WHERE one = 1;

-- name: cursor_advance!
-- The fence of the hand-out: of several who write the deliveries of the same events, one moves the cursor.
INSERT INTO webhook_cursor (one, position) VALUES (1, :next_position)
ON CONFLICT (one) DO UPDATE SET position = excluded.position WHERE webhook_cursor.position <= :position;

-- name: delivery_insert!
-- A message to be sent. A message that is there already is the same one.
INSERT INTO deliveries (webhook_id, message_id, event_id, kind, payload, queued_at, next_at)
VALUES (:webhook_id, :message_id, :event_id, :kind, :payload, :now, :now)
ON CONFLICT (message_id) DO NOTHING;

-- name: delivery_by_message
-- One delivery of a webhook.
SELECT {*deliveries} FROM deliveries WHERE message_id = :message_id AND webhook_id = :webhook_id;

-- name: deliveries_page
-- A webhook's newest deliveries.
SELECT {*deliveries} FROM deliveries WHERE webhook_id = :webhook_id{where} ORDER BY id DESC LIMIT :limit;

-- name: delivery_requeue!
-- Put in line once more, from the beginning, unless a courier has it in hand.
UPDATE deliveries SET state = 'pending', attempts = 0, queued_at = :now, next_at = :now, settled_at = NULL
WHERE id = :id AND courier IS NULL;

-- name: delivery_waits
-- Is any delivery due? A look that locks nothing; without the order PostgreSQL would look through the settled ones.
SELECT 1 AS waits FROM deliveries WHERE state = 'pending' AND next_at <= :now ORDER BY next_at LIMIT 1;

-- name: delivery_settle!
-- The fence: only the present epoch may say what came of an attempt.
UPDATE deliveries SET state = :state, attempts = attempts + 1, next_at = :next_at, settled_at = :settled_at,
                      attempted_at = :now, last_status = :status, last_error = :error, courier = NULL
WHERE id = :id AND epoch = :epoch AND courier IS NOT NULL;

-- name: deliveries_abandon!
-- Nothing more is sent to the webhook. What couriers have in hand just now is fenced off.
UPDATE deliveries SET state = 'failed', settled_at = :now, last_error = :because, courier = NULL, epoch = epoch + 1
WHERE webhook_id = :webhook_id AND state = 'pending';

-- name: deliveries_free!
-- Couriers whose names begin so are gone, for good: what they had in hand is due.
UPDATE deliveries SET courier = NULL, epoch = epoch + 1, next_at = :now
WHERE courier IS NOT NULL AND courier >= :prefix AND courier < :prefix_end;

-- name: deliveries_forget!
-- Remove some of those that were settled long ago.
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM deliveries WHERE settled_at IS NOT NULL AND settled_at < :before ORDER BY settled_at LIMIT :limit);

-- name: deliveries_of_subject_delete!
-- Remove what tells of one thing.
DELETE FROM deliveries WHERE event_id IN (SELECT id FROM events WHERE subject = :subject);
