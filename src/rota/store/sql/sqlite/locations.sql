-- name: location_tree_lock
-- Lets the changes of an account's tree of locations go one after the other.
-- Differs because there is one writer at a time.
SELECT id FROM accounts WHERE id = :account_id;

-- name: locations_by_names
-- The newest of the account for each of these names that there is.
-- Differs because each database takes a list of values apart in its own way.
SELECT max(id) AS id, name FROM locations WHERE account_id = :account_id AND name IN (SELECT value FROM json_each(:names)) GROUP BY name;

-- name: location_ids
-- So many new ids, ascending.
-- Differs because SQLite keeps the last id in a table, and has one writer at a time.
WITH RECURSIVE n (i) AS (SELECT 1 WHERE :count > 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'locations'), 0) AS id FROM n;

-- name: location_types_by_names
-- The newest of the account for each of these names that there is.
-- Differs because each database takes a list of values apart in its own way.
SELECT max(id) AS id, name FROM location_types WHERE account_id = :account_id AND name IN (SELECT value FROM json_each(:names)) GROUP BY name;

-- name: location_type_ids
-- So many new ids, ascending.
-- Differs because SQLite keeps the last id in a table, and has one writer at a time.
WITH RECURSIVE n (i) AS (SELECT 1 WHERE :count > 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'location_types'), 0) AS id FROM n;
