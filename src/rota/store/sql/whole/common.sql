-- Statements over any table that both databases take. Slots such as {table} are filled with names of the schema only.

-- name: applied_migrations
-- The migrations that made the schema, in their order.
SELECT migration_id AS id FROM _yoyo_migration ORDER BY migration_id;

-- name: table_count
-- How many rows a table has; {table} is filled with a name of the schema.
SELECT count(*) AS rows FROM {table};

-- name: table_rows
-- The rows of a table in the order of its key, of which nulls come first in both databases.
SELECT {columns} FROM {table} ORDER BY {key};

-- name: inputs_of_jobs
-- The uploads of all jobs.
SELECT id, rows_name FROM jobs WHERE rows_name IS NOT NULL ORDER BY id;

-- name: segments_of_jobs
-- Where the output of all settled rows lies.
SELECT job_id, first_row, epoch, success_count, failure_count, out_bytes, success_bytes, failed_bytes
FROM chunks WHERE state = 'settled' ORDER BY job_id, first_row;
