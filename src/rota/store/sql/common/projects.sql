-- name: projects_find
-- A page of ids.
SELECT p.id FROM projects p WHERE p.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: projects_count
-- How many there are.
SELECT count(*) AS n FROM projects p WHERE p.account_id = :account_id{where};

-- name: projects_by_ids
-- Those of the account among these.
SELECT p.*, (SELECT count(*) FROM tasks t WHERE t.project_id = p.id) AS task_count
FROM projects p WHERE p.account_id = :account_id AND p.id IN ({ids});

-- name: projects_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM projects WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};
