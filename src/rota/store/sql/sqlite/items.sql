-- name: item_next
-- The most urgent item of the queue.
-- Differs because the one writer of SQLite meets nobody.
SELECT {*items_named} FROM items_named WHERE account_id = :account_id AND status = 'queued'
ORDER BY score DESC, created_at, id LIMIT 1;

-- name: item_last_left
-- The most urgent item of the queue, whoever has it in hand.
-- Differs because the one writer of SQLite meets nobody, and has nothing to wait for.
SELECT NULL AS id WHERE :account_id IS NULL;

-- name: items_lock
-- Those of these items that are queued, kept from others until this transaction ends.
-- Differs because the one writer of SQLite needs no lock, and each database takes a list of values apart in its own way.
SELECT id FROM items WHERE account_id = :account_id AND id IN (SELECT value FROM json_each(:ids)) AND status = 'queued';

-- name: items_lock_free
-- The same of those that nobody else has locked.
-- Differs because the one writer of SQLite needs no lock, and each database takes a list of values apart in its own way.
SELECT id FROM items WHERE account_id = :account_id AND id IN (SELECT value FROM json_each(:ids)) AND status = 'queued';

-- name: items_by_ids
-- The account's items among these.
-- Differs because each database takes a list of values apart in its own way.
SELECT {*items_named} FROM items_named WHERE account_id = :account_id AND id IN (SELECT value FROM json_each(:ids));

-- name: items_open
-- The account's items among these that are neither completed nor deleted.
-- Differs because each database takes a list of values apart in its own way.
SELECT id FROM items WHERE account_id = :account_id AND id IN (SELECT value FROM json_each(:ids))
AND status IN ('queued', 'active', 'suspended');

-- name: items_of_old_weights
-- Some of the items whose score was reckoned with earlier weights.
-- Differs because the one writer of SQLite meets nobody.
SELECT {*items_named} FROM items_named WHERE id IN (SELECT id FROM items WHERE generation < :generation LIMIT :limit);

-- name: shift_lock
-- The worker's open shift, kept from others until this transaction ends: a worker does one thing at a time.
-- Differs because the one writer of SQLite needs no lock.
SELECT id, started_at FROM shifts WHERE user_id = :user_id AND ended_at IS NULL;
