-- name: tasks_find
-- A page of ids.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: tasks_count
-- How many there are.
SELECT count(*) AS n FROM tasks t WHERE t.account_id = :account_id{where};

-- name: tasks_by_ids
-- Those of the account among these.
SELECT t.*, u.email AS created_by_email, u.name AS created_by_name, f.title AS form_title,
       f.id_string AS form_id_string
FROM tasks t JOIN users u ON u.id = t.created_by
LEFT JOIN forms f ON t.target_content_type = 16 AND f.id = t.target_id
WHERE t.account_id = :account_id AND t.id IN ({ids});

-- name: tasks_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM tasks WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};
