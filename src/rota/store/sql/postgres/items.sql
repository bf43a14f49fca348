-- name: item_next
-- The most urgent item of the queue that nobody is about to take.
-- Differs because several writers may be at work: workers who grab at the same time pass each other by. Joined here and
-- not read from the view, whose rows cannot be locked without those of its people. Nobody holds a queued item.
SELECT {*items i}, o.email AS owner, c.email AS creator, NULL AS holder
FROM items i JOIN users o ON o.id = i.owner_id JOIN users c ON c.id = i.creator_id
WHERE i.account_id = :account_id AND i.status = 'queued'
ORDER BY i.score DESC, i.created_at, i.id LIMIT 1 FOR UPDATE OF i SKIP LOCKED;

-- name: item_last_left
-- The most urgent item of the queue, whoever has it in hand: they may only be writing it.
-- Differs because several writers may be at work.
SELECT id FROM items WHERE account_id = :account_id AND status = 'queued'
ORDER BY score DESC, created_at, id LIMIT 1;

-- name: items_lock
-- Those of these items that are queued, kept from others until this transaction ends.
-- Differs because several writers may be at work. Of several items those that have left the queue while they were waited
-- for are kept, too. Items in somebody's hands are left alone, for their holder may hold one and wait for another.
SELECT id FROM items WHERE account_id = :account_id AND id IN ({ids}) AND status = 'queued' ORDER BY id FOR UPDATE;

-- name: items_lock_free
-- The same of those that nobody else has locked.
-- Differs because several writers may be at work; this one waits for none of them.
SELECT id FROM items WHERE account_id = :account_id AND id IN ({ids}) AND status = 'queued' ORDER BY id
FOR UPDATE SKIP LOCKED;

-- name: items_by_ids
-- The account's items among these.
-- Differs because each database takes a list of values apart in its own way.
SELECT {*items_named} FROM items_named WHERE account_id = :account_id
AND id IN (SELECT CAST(jsonb_array_elements_text(CAST(:ids AS jsonb)) AS bigint));

-- name: items_open
-- The account's items among these that are neither completed nor deleted.
-- Differs because each database takes a list of values apart in its own way.
SELECT id FROM items WHERE account_id = :account_id
AND id IN (SELECT CAST(jsonb_array_elements_text(CAST(:ids AS jsonb)) AS bigint))
AND status IN ('queued', 'active', 'suspended');

-- name: items_of_old_weights
-- Some of the items whose score was reckoned with earlier weights, but none that somebody is writing.
-- Differs because several writers may be at work; this one waits for none of them.
SELECT {*items_named n} FROM items_named n WHERE n.id IN (
    SELECT id FROM items WHERE generation < :generation LIMIT :limit FOR UPDATE SKIP LOCKED);

-- name: shift_lock
-- The worker's open shift, kept from others until this transaction ends: a worker does one thing at a time.
-- Differs because several writers may be at work.
SELECT id, started_at FROM shifts WHERE user_id = :user_id AND ended_at IS NULL FOR UPDATE;
