-- name: item_insert!
-- A new item, in the queue.
INSERT INTO items (id, account_id, title, description, instructions, deadline, dated, estimate_us, priority, tags,
                   properties, blocks, owner_id, creator_id, created_at, modified_at, since, generation, score)
VALUES (:id, :account_id, :title, :description, :instructions, :deadline, :dated, :estimate_us, :priority, :tags,
        :properties, :blocks, :owner_id, :creator_id, :now, :now, :now, :generation, :score);

-- name: item_tag_insert!
-- A tag of a new item.
INSERT INTO item_tags (account_id, tag, item_id) VALUES (:account_id, :tag, :item_id);

-- name: item_update!
-- Everything that may be written of a queued item but its tags.
UPDATE items SET title = :title, description = :description, instructions = :instructions, deadline = :deadline,
                 dated = :dated, estimate_us = :estimate_us, priority = :priority, properties = :properties,
                 blocks = :blocks, owner_id = :owner_id, modified_at = :modified_at, generation = :generation,
                 score = :score
WHERE id = :id AND status = 'queued';

-- name: phases_of_item_give!
-- An item's past goes with it to another owner.
UPDATE item_phases SET owner_id = :owner_id WHERE item_id = :item_id AND owner_id <> :owner_id;

-- name: item_move!
-- One step of the table of moves: nothing changes unless the item stands as it was read.
UPDATE items SET status = :to_status, holder_id = :holder_id, grabbed_at = :grabbed_at, completed_at = :completed_at,
                 completion = :completion, modified_at = :modified_at, since = :since, queued_us = :queued_us,
                 worked_us = :worked_us, suspended_us = :suspended_us, rejected_us = :rejected_us,
                 times_rejected = :times_rejected
WHERE id = :id AND status = :from_status AND since = :from_since;

-- name: phase_insert!
-- A stretch of an item's life that a move has ended.
INSERT INTO item_phases (item_id, account_id, owner_id, user_id, status, started_at, ended_at, verb)
VALUES (:item_id, :account_id, :owner_id, :user_id, :status, :started_at, :ended_at, :verb);

-- name: item_delete!
-- The item with its tags and its past.
DELETE FROM items WHERE id = :id AND account_id = :account_id;

-- name: events_delete!
-- All that was said of one thing.
DELETE FROM events WHERE subject = :subject;

-- name: item_by_id
-- An item of an account.
SELECT {*items_named} FROM items_named WHERE id = :id AND account_id = :account_id;

-- name: items_page
-- Items by priority, then urgency; of equals the older first.
SELECT {*items_named} FROM items_named WHERE account_id = :account_id{where}
ORDER BY priority DESC, score DESC, created_at, id LIMIT :limit;

-- name: items_urgent
-- What waits in the queue, the most urgent first.
SELECT {*items_named} FROM items_named WHERE account_id = :account_id AND status = 'queued'
ORDER BY score DESC, created_at, id LIMIT :limit;

-- name: items_waiting_longest
-- What waits in the queue, since the longest time first.
SELECT {*items_named} FROM items_named WHERE account_id = :account_id AND status = 'queued' ORDER BY since, id LIMIT :limit;

-- name: item_active
-- The item that a worker works on, of which there is one at most.
SELECT {*items_named} FROM items_named WHERE holder_id = :user_id AND status = 'active';

-- name: items_suspended
-- What a worker has put aside, the last first.
SELECT {*items_named} FROM items_named WHERE holder_id = :user_id AND status = 'suspended' ORDER BY since DESC, id DESC;

-- name: weights_latest
-- The weights that hold.
SELECT generation, weights FROM urgency_weights ORDER BY generation DESC LIMIT 1;

-- name: weights_insert!
-- New weights; nothing when another process was faster.
INSERT INTO urgency_weights (generation, weights) VALUES (:generation, :weights) ON CONFLICT (generation) DO NOTHING;

-- name: item_score!
-- The item under new weights.
UPDATE items SET score = :score, generation = :generation WHERE id = :id;
