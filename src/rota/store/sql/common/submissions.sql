-- name: submissions_find
-- A page of ids.
SELECT s.id FROM submissions s WHERE s.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: submissions_count
-- How many there are.
SELECT count(*) AS n FROM submissions s WHERE s.account_id = :account_id{where};

-- name: submissions_by_ids
-- Those of the account among these.
SELECT * FROM submissions WHERE account_id = :account_id AND id IN ({ids});

-- name: submissions_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM submissions WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};
