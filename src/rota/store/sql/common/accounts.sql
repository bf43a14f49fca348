-- name: root_account
-- The one account without a parent.
SELECT id, name, parent_id, lineage, created_at FROM accounts WHERE parent_id IS NULL;

-- name: account_by_id
-- One account.
SELECT id, name, parent_id, lineage, created_at FROM accounts WHERE id = :id;

-- name: accounts_below
-- An account and its descendants, in the order of the tree; '0' is the character after '/'.
SELECT id, name, parent_id, lineage, created_at FROM accounts
WHERE lineage >= :lineage AND lineage < :lineage_end ORDER BY lineage;

-- name: account_insert!
-- A new account. No row changes when its id is taken, nor for a second root.
INSERT INTO accounts (id, name, parent_id, lineage, created_at)
VALUES (:id, :name, :parent_id, :lineage, :created_at) ON CONFLICT DO NOTHING;

-- name: user_by_email
-- One user, with what a password is checked against.
SELECT id, account_id, email, role, superuser, expertise, created_at, slack_id, password_hash FROM users
WHERE email = :email;

-- name: users_of_account
-- The users of one account alone, by e-mail.
SELECT id, account_id, email, role, superuser, expertise, created_at, slack_id FROM users
WHERE account_id = :account_id ORDER BY email;

-- name: user_insert
-- No row comes back when the e-mail is taken.
INSERT INTO users (account_id, email, name, role, superuser, expertise, password_hash, created_at)
VALUES (:account_id, :email, :name, :role, :superuser, :expertise, :password_hash, :created_at)
ON CONFLICT (email) DO NOTHING RETURNING id;

-- name: user_change!
-- What is NULL stays as it is.
UPDATE users SET role = coalesce(:role, role), password_hash = coalesce(:password_hash, password_hash)
WHERE id = :id;

-- name: token_insert!
-- A new token. No row changes when there is one of the same hash, working or not.
INSERT INTO tokens (id, token_hash, user_id, created_at, expires_at)
VALUES (:id, :token_hash, :user_id, :created_at, :expires_at) ON CONFLICT (token_hash) DO NOTHING;

-- name: token_revoke!
-- For good; the time of the first revocation stays.
UPDATE tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL;

-- name: token_owner
-- Whose token this is, wherever it stands in its life.
SELECT u.id, u.account_id, u.email, u.role, u.superuser, u.expertise, u.created_at, u.slack_id
FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.id = :id;

-- name: tokens_of_user
-- A user's tokens, oldest first, without what they are known by.
SELECT id, created_at, expires_at, revoked_at FROM tokens WHERE user_id = :user_id ORDER BY created_at, id;

-- name: actor_by_token
-- Who holds a live token: one look-up in the index of hashes per request.
SELECT t.token_hash, u.id AS user_id, u.email, u.role, u.superuser, u.expertise, u.created_at AS user_created_at,
       u.slack_id, a.id AS account_id, a.name, a.parent_id, a.lineage, a.created_at AS account_created_at
FROM tokens t JOIN users u ON u.id = t.user_id JOIN accounts a ON a.id = u.account_id
WHERE t.token_hash = :token_hash AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :now);

-- name: failures_recent
-- How often an address has failed to sign in of late, and since when.
SELECT count(*) AS failures, min(failed_at) AS oldest FROM sign_in_failures
WHERE address = :address AND failed_at > :since;

-- name: failure_insert!
-- One failed sign-in.
INSERT INTO sign_in_failures (address, failed_at) VALUES (:address, :now);

-- name: failures_forget!
-- Failures that no longer count.
DELETE FROM sign_in_failures WHERE failed_at <= :since;

-- name: actor_by_user
-- Who a job acts for: the user that started it, as they stand now.
SELECT u.id AS user_id, u.email, u.role, u.superuser, u.expertise, u.created_at AS user_created_at,
       u.slack_id, a.id AS account_id, a.name, a.parent_id, a.lineage, a.created_at AS account_created_at
FROM users u JOIN accounts a ON a.id = u.account_id WHERE u.id = :user_id;
