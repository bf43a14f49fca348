-- Statements over any table, and over the schema itself. Slots such as {table} are filled with names of the schema only.

-- name: tables
-- The tables and the text that made each; whether rows are counted by a sequence stands in it.
SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name;

-- name: columns
-- The columns of a table in their order; `key` is the place in the primary key, from 1, or 0.
SELECT name, type, pk AS key FROM pragma_table_info(:name) ORDER BY cid;

-- name: highest
-- The highest number that the sequence of a table has given out.
SELECT seq FROM sqlite_sequence WHERE name = :name;

-- name: forget_highest!
-- A sequence that goes on elsewhere.
DELETE FROM sqlite_sequence WHERE name = :name;

-- name: set_highest!
-- Where a sequence goes on.
INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :highest);

-- name: aside
-- The indexes that are not part of a table, the triggers, and the text that makes each.
SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY name;

-- name: put_aside!
-- To be made again when the rows are there, which takes a fraction of the time; no trigger runs for rows that only move.
DROP {type} {name};

-- name: put!
-- One row as it was.
INSERT INTO {table} ({columns}) VALUES ({places});

-- name: dangling
-- Rows that refer to what is not there.
SELECT "table" AS name, parent FROM pragma_foreign_key_check LIMIT 1;
