-- name: new_ids
-- So many new ids of a table, ascending.
-- Differs because PostgreSQL takes them from a sequence, and SQLite from a table.
SELECT nextval(pg_get_serial_sequence(:table, 'id')) AS id FROM generate_series(1, :count);
