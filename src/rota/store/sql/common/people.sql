-- name: people_find
-- A page of ids.
SELECT u.id FROM users u WHERE u.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: people_count
-- How many there are.
SELECT count(*) AS n FROM users u WHERE u.account_id = :account_id{where};

-- name: people_by_ids
-- Those of the account among these.
SELECT u.id, u.email, u.name, u.role, u.expertise, u.created_at,
       (SELECT count(*) FROM submissions s WHERE s.user_id = u.id) AS submission_count,
       (SELECT count(*) FROM submissions s WHERE s.user_id = u.id AND s.status = 'a') AS approved_count,
       (SELECT count(*) FROM submissions s WHERE s.user_id = u.id AND s.status = 'b') AS rejected_count,
       (SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e WHERE e.book = 'user' AND e.book_id = u.id) AS earned
FROM users u WHERE u.account_id = :account_id AND u.id IN ({ids});

-- name: users_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM users WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: person_lock
-- One of the account, kept from others until the transaction ends.
SELECT id, account_id, email, name, role, superuser, expertise, created_at, slack_id FROM users
WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: person_update!
-- All that may be changed of a user, anew. An index refuses an e-mail that somebody has.
UPDATE users SET email = :email, name = :name, role = :role, expertise = :expertise WHERE id = :id;
