-- name: location_tree_lock
-- Lets the changes of an account's tree of locations go one after the other.
-- Differs because several writers may be at work.
SELECT id FROM accounts WHERE id = :account_id FOR NO KEY UPDATE;
