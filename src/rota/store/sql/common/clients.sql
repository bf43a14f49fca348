-- name: clients_find
-- A page of ids.
SELECT c.id FROM clients c WHERE c.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: clients_count
-- How many there are.
SELECT count(*) AS n FROM clients c WHERE c.account_id = :account_id{where};

-- name: clients_by_ids
-- Those of the account among these.
SELECT {*clients} FROM clients WHERE account_id = :account_id AND id IN ({ids});

-- name: clients_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM clients WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: client_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*clients} FROM clients WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: client_insert
-- A new one.
INSERT INTO clients (account_id, name, created_at, modified_at) VALUES (:account_id, :name, :now, :now) RETURNING id;

-- name: client_update!
-- Its name anew.
UPDATE clients SET name = :name, modified_at = :now WHERE id = :id;

-- name: client_delete!
-- It is gone; what referred to it refers to nothing.
DELETE FROM clients WHERE id = :id;

-- name: tasks_of_client_lock
-- Those that refer to it, kept from others until the transaction ends.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id AND t.client_id IN ({ids}) ORDER BY t.id {turn};

-- name: tasks_of_client
-- The same, for a look. Nobody adds to them who has not locked the client.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id AND t.client_id IN ({ids});

-- name: clients_named
-- Clients of these names: for each the newest, and how many there are.
SELECT name, max(id) AS id, count(*) AS n FROM clients WHERE account_id = :account_id AND name IN ({words})
GROUP BY name;
