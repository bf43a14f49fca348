-- name: location_tree_lock
-- Lets the changes of an account's tree of locations go one after the other.
-- Differs because several writers may be at work.
SELECT id FROM accounts WHERE id = :account_id FOR NO KEY UPDATE;

-- name: locations_by_names
-- The newest of the account for each of these names that there is.
-- Differs because each database takes a list of values apart in its own way.
SELECT max(id) AS id, name FROM locations WHERE account_id = :account_id AND name IN (SELECT jsonb_array_elements_text(CAST(:names AS jsonb))) GROUP BY name;

-- name: location_ids
-- So many new ids, ascending.
-- Differs because PostgreSQL takes them from a sequence, and SQLite from a table.
SELECT nextval(pg_get_serial_sequence('locations', 'id')) AS id FROM generate_series(1, :count);

-- name: location_types_by_names
-- The newest of the account for each of these names that there is.
-- Differs because each database takes a list of values apart in its own way.
SELECT max(id) AS id, name FROM location_types WHERE account_id = :account_id AND name IN (SELECT jsonb_array_elements_text(CAST(:names AS jsonb))) GROUP BY name;

-- name: location_type_ids
-- So many new ids, ascending.
-- Differs because PostgreSQL takes them from a sequence, and SQLite from a table.
SELECT nextval(pg_get_serial_sequence('location_types', 'id')) AS id FROM generate_series(1, :count);
