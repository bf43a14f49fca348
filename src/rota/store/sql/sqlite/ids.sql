-- name: new_ids
-- So many new ids of a table, ascending.
-- Differs because SQLite keeps the last id in a table, and has one writer at a time.
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i + coalesce((SELECT seq FROM sqlite_sequence WHERE name = :table), 0) AS id FROM n;
