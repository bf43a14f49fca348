-- name: occurrences_find
-- A page of ids.
SELECT o.id FROM occurrences o WHERE o.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: occurrences_count
-- How many there are.
SELECT count(*) AS n FROM occurrences o WHERE o.account_id = :account_id{where};

-- name: occurrences_by_ids
-- Those of the account among these.
SELECT * FROM occurrences WHERE account_id = :account_id AND id IN ({ids});
