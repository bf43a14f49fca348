-- name: segment_rules_find
-- A page of ids.
SELECT r.id FROM segment_rules r WHERE r.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: segment_rules_count
-- How many there are.
SELECT count(*) AS n FROM segment_rules r WHERE r.account_id = :account_id{where};

-- name: segment_rules_by_ids
-- Those of the account among these.
SELECT * FROM segment_rules WHERE account_id = :account_id AND id IN ({ids});

-- name: segment_rules_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM segment_rules WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};
