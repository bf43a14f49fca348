-- Statements over any table, and over the schema itself. Slots such as {table} are filled with names of the schema only.

-- name: tables
-- The tables of the schema that is written to.
SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename;

-- name: columns
-- The columns of a table in their order; `key` is the place in the primary key, from 1, or 0.
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attidentity <> '' AS counted,
       coalesce(array_position(CAST(i.indkey AS int2[]), a.attnum), -1) + 1 AS key
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = CAST(CAST(:table AS text) AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: sequence
-- What the sequence of a column is called.
SELECT pg_get_serial_sequence(:table, :column) AS name;

-- name: highest
-- The highest number that a sequence has given out; sequences stand outside of snapshots.
SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS highest FROM {sequence};

-- name: set_highest!
-- Where a sequence goes on; it is undone with the transaction, which setval() is not.
ALTER TABLE {table} ALTER COLUMN {counted} RESTART WITH {next};

-- name: dump!
-- The rows of a table in the order of its key, as bytes.
COPY (SELECT {columns} FROM {table} ORDER BY {key}) TO STDOUT (FORMAT binary);

-- name: load!
-- Rows into a table, from bytes.
COPY {table} ({columns}) FROM STDIN (FORMAT binary);

-- name: lock!
-- Nobody else reads or writes the tables until the transaction ends.
LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;

-- name: clear!
-- All rows of the tables, undone with the transaction.
TRUNCATE {tables};

-- name: references
-- The foreign keys, and the text that makes each.
SELECT CAST(conrelid AS regclass) AS table, conname AS name, pg_get_constraintdef(oid) AS sql
FROM pg_constraint WHERE contype = 'f' AND connamespace = CAST(current_schema() AS regnamespace)
AND conrelid = ANY (CAST(:tables AS regclass[])) ORDER BY conname;

-- name: indexes
-- The indexes that are not part of a table, and the text that makes each.
SELECT CAST(i.indexrelid AS regclass) AS name, pg_get_indexdef(i.indexrelid) AS sql FROM pg_index i
WHERE i.indrelid = ANY (CAST(:tables AS regclass[]))
AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
ORDER BY 1;

-- name: drop_index!
-- To be made again when the rows are there, which takes a fraction of the time.
DROP INDEX {index};

-- name: drop_reference!
-- To be made, and checked, again when the rows are there.
ALTER TABLE {table} DROP CONSTRAINT {name};

-- name: add_reference!
-- Checks all rows at once.
ALTER TABLE {table} ADD CONSTRAINT {name} {sql};

-- name: silence!
-- No trigger of the schema runs for rows that are only moved.
ALTER TABLE {table} DISABLE TRIGGER USER;

-- name: unsilence!
-- Triggers run again.
ALTER TABLE {table} ENABLE TRIGGER USER;

-- name: analyze!
-- Plans are made by what is known of the rows, and autovacuum takes a minute to come by.
ANALYZE {tables};

-- name: others
-- How many other sessions of rota use this database.
SELECT count(*) AS sessions FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'rota' AND pid <> pg_backend_pid();

-- name: hold
-- Held by this session until it ends, however it ends; several may hold it at once.
SELECT 1 AS held FROM pg_advisory_lock_shared(7237642);

-- name: migrate_alone
-- Held by whoever migrates; the server lets it go when its holder dies.
SELECT 1 AS locked FROM pg_advisory_lock(hashtext('rota migrates'));

-- name: is_held
-- Does a session of this database hold it?
SELECT EXISTS (
    SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = 7237642 AND d.datname = current_database() AND l.granted
) AS held;

-- name: has_setting
-- Does this version of PostgreSQL know the setting?
SELECT EXISTS (SELECT 1 FROM pg_settings WHERE name = :name) AS found;

-- name: set
-- A setting of this session.
SELECT set_config(:name, :value, FALSE);
