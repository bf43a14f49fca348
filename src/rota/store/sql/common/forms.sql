-- name: forms_find
-- A page of ids.
SELECT f.id FROM forms f WHERE f.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: forms_count
-- How many there are.
SELECT count(*) AS n FROM forms f WHERE f.account_id = :account_id{where};

-- name: forms_by_ids
-- Those of the account among these.
SELECT {*forms f}, EXISTS (SELECT 1 FROM tasks t WHERE t.target_content_type = 16 AND t.target_id = f.id) AS has_task
FROM forms f WHERE f.account_id = :account_id AND f.id IN ({ids});

-- name: forms_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM forms WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: form_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*forms} FROM forms WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: form_insert
-- A new one. Its index refuses an id_string that the account has.
INSERT INTO forms (account_id, title, id_string, version, fields, created_at, modified_at)
VALUES (:account_id, :title, :id_string, :version, :fields, :now, :now) RETURNING id;

-- name: form_update!
-- All of it anew. Its index refuses an id_string that the account has.
UPDATE forms SET title = :title, id_string = :id_string, version = :version, fields = :fields, modified_at = :now
WHERE id = :id;

-- name: form_delete!
-- It is gone.
DELETE FROM forms WHERE id = :id;

-- name: form_task
-- A task that is about the form, if any is. 16 is the content type of forms.
SELECT id FROM tasks WHERE target_content_type = 16 AND target_id = :id LIMIT 1;

-- name: forms_named
-- Forms of these id_strings: for each the newest, and how many there are.
SELECT id_string AS name, max(id) AS id, count(*) AS n FROM forms WHERE account_id = :account_id AND id_string IN ({words})
GROUP BY id_string;
