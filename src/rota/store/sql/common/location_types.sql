-- name: location_types_find
-- A page of ids.
SELECT lt.id FROM location_types lt WHERE lt.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: location_types_count
-- How many there are.
SELECT count(*) AS n FROM location_types lt WHERE lt.account_id = :account_id{where};

-- name: location_types_by_ids
-- Those of the account among these.
SELECT {*location_types} FROM location_types WHERE account_id = :account_id AND id IN ({ids});

-- name: location_types_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM location_types WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: location_type_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*location_types} FROM location_types WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: location_type_insert
-- A new one.
INSERT INTO location_types (account_id, name, created_at, modified_at) VALUES (:account_id, :name, :now, :now) RETURNING id;

-- name: location_type_update!
-- Its name anew.
UPDATE location_types SET name = :name, modified_at = :now WHERE id = :id;

-- name: location_type_delete!
-- It is gone; what referred to it refers to nothing.
DELETE FROM location_types WHERE id = :id;

-- name: locations_of_type_lock
-- Those that refer to it, kept from others until the transaction ends.
SELECT l.id FROM locations l WHERE l.account_id = :account_id AND l.location_type_id IN ({ids}) ORDER BY l.id {turn};

-- name: locations_of_type
-- The same, for a look. Nobody adds to them who has not locked the type.
SELECT l.id FROM locations l WHERE l.account_id = :account_id AND l.location_type_id IN ({ids});

-- name: location_type_add!
-- A new one of a batch, whose id is known.
INSERT INTO location_types (id, account_id, name, created_at, modified_at) VALUES (:id, :account_id, :name, :now, :now);

-- name: location_types_named
-- Location types of these names: for each the newest, and how many there are.
SELECT name, max(id) AS id, count(*) AS n FROM location_types WHERE account_id = :account_id AND name IN ({words})
GROUP BY name;
