-- name: forms_find
-- A page of ids.
SELECT f.id FROM forms f WHERE f.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: forms_count
-- How many there are.
SELECT count(*) AS n FROM forms f WHERE f.account_id = :account_id{where};

-- name: forms_by_ids
-- Those of the account among these.
SELECT f.*, EXISTS (SELECT 1 FROM tasks t WHERE t.target_content_type = 16 AND t.target_id = f.id) AS has_task
FROM forms f WHERE f.account_id = :account_id AND f.id IN ({ids});

-- name: forms_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM forms WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};
