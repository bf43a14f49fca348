-- name: event_insert!
-- One line of the log.
INSERT INTO events (at, kind, account_id, subject, user_id, facts)
VALUES (:at, :kind, :account_id, :subject, :user_id, :facts);

-- name: events_of_subject
-- What happened to one thing, oldest first.
SELECT id, at, kind, account_id, subject, user_id, facts FROM events WHERE subject = :subject ORDER BY id;

-- name: events_of_subject_by_whom
-- What happened to one thing of an account, oldest first, and who did it.
SELECT e.id, e.at, e.kind, e.facts, u.email FROM events e LEFT JOIN users u ON u.id = e.user_id
WHERE e.subject = :subject AND e.account_id = :account_id ORDER BY e.id;

-- name: events_after
-- The log of all accounts from there on, in the order of ids.
SELECT e.id, e.account_id, e.at, e.kind, e.subject, e.facts, u.email FROM events e LEFT JOIN users u ON u.id = e.user_id
WHERE e.id > :position ORDER BY e.id LIMIT :limit;

-- name: event_newest
-- The highest id of the log, 0 while it is empty.
SELECT coalesce(max(id), 0) AS id FROM events;

-- name: total_add!
-- Add to a running total, which begins at nothing.
INSERT INTO totals (name, amount) VALUES (:name, :amount)
ON CONFLICT (name) DO UPDATE SET amount = totals.amount + excluded.amount;

-- name: totals_all
-- All running totals.
SELECT name, amount FROM totals ORDER BY name;
