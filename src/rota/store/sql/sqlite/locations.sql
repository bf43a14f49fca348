-- name: location_tree_lock
-- Lets the changes of an account's tree of locations go one after the other.
-- Differs because there is one writer at a time.
SELECT id FROM accounts WHERE id = :account_id;
