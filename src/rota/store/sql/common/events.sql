-- name: event_insert!
-- One line of the log.
INSERT INTO events (at, kind, account_id, subject, user_id, facts)
VALUES (:at, :kind, :account_id, :subject, :user_id, :facts);

-- name: events_of_subject
-- What happened to one thing, oldest first.
SELECT id, at, kind, account_id, subject, user_id, facts FROM events WHERE subject = :subject ORDER BY id;

-- name: total_add!
-- Add to a running total, which begins at nothing.
INSERT INTO totals (name, amount) VALUES (:name, :amount)
ON CONFLICT (name) DO UPDATE SET amount = totals.amount + excluded.amount;

-- name: totals_all
-- All running totals.
SELECT name, amount FROM totals ORDER BY name;

-- name: schema_answers
-- Readiness: the newest table is there.
SELECT count(*) AS n FROM webhook_cursor WHERE one = 0;
