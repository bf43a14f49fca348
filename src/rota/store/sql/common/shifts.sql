-- name: shift_insert
-- A new shift; no row comes back when the worker is on shift already. It does not begin before the last one ended,
-- whoever looked at the clock first.
INSERT INTO shifts (user_id, started_at) VALUES (:user_id, coalesce((
    SELECT CASE WHEN l.ended_at > :started_at THEN l.ended_at ELSE :started_at END
    FROM shifts l WHERE l.user_id = :user_id ORDER BY l.id DESC LIMIT 1), :started_at))
ON CONFLICT (user_id) WHERE ended_at IS NULL DO NOTHING RETURNING id, started_at;

-- name: shift_end!
-- The shift is over.
UPDATE shifts SET ended_at = :ended_at WHERE id = :id AND ended_at IS NULL;

-- name: shift_token_insert!
-- A token that works until its shift ends.
INSERT INTO tokens (id, token_hash, user_id, created_at, shift_id)
VALUES (:id, :token_hash, :user_id, :created_at, :shift_id);

-- name: shift_tokens_revoke!
-- All tokens of a shift work nowhere from now on.
UPDATE tokens SET revoked_at = :now WHERE shift_id = :shift_id AND revoked_at IS NULL;

-- name: workers_all
-- An account's users, and each one's latest shift.
SELECT u.id, u.email, s.started_at, s.id IS NOT NULL AND s.ended_at IS NULL AS on_shift
FROM users u LEFT JOIN shifts s ON s.id = (
    SELECT l.id FROM shifts l WHERE l.user_id = u.id ORDER BY l.id DESC LIMIT 1)
WHERE u.account_id = :account_id ORDER BY u.email;

-- name: workers_on_shift
-- An account's users who are on shift.
SELECT u.id, u.email, s.started_at, TRUE AS on_shift
FROM users u JOIN shifts s ON s.user_id = u.id AND s.ended_at IS NULL
WHERE u.account_id = :account_id ORDER BY u.email;

-- name: worker_by_email
-- A user of an account, and their latest shift.
SELECT u.id, u.email, u.superuser, s.started_at, s.id IS NOT NULL AND s.ended_at IS NULL AS on_shift
FROM users u LEFT JOIN shifts s ON s.id = (
    SELECT l.id FROM shifts l WHERE l.user_id = u.id ORDER BY l.id DESC LIMIT 1)
WHERE u.email = :email AND u.account_id = :account_id;

-- name: desk_log
-- Lines of an account's log, the newest first.
SELECT e.id, e.at, e.kind, e.subject, e.facts, u.email FROM events e LEFT JOIN users u ON u.id = e.user_id
WHERE e.account_id = :account_id{where} ORDER BY e.id DESC LIMIT :limit;

-- name: desk_log_after
-- Lines of a part of an account's log, the oldest first.
SELECT e.id, e.account_id, e.at, e.kind, e.subject, e.facts, u.email FROM events e LEFT JOIN users u ON u.id = e.user_id
WHERE e.account_id = :account_id AND e.id > :position AND e.id <= :until{where} ORDER BY e.id LIMIT :limit;
