-- name: migrations_applied
-- The ids of the migrations that this database has seen.
SELECT migration_id FROM _yoyo_migration;

-- name: node_beat!
-- A node lives.
INSERT INTO nodes (id, name, kind, version, knows, started_at, seen_at)
VALUES (:id, :name, :kind, :version, :knows, :started_at, :now)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, knows = excluded.knows, seen_at = excluded.seen_at;

-- name: node_leave!
-- A node has ended.
DELETE FROM nodes WHERE id = :id;

-- name: nodes_since
-- Nodes that were seen after a time, in a steady order.
SELECT id, name, kind, version, knows, started_at, seen_at FROM nodes
WHERE seen_at > :since
ORDER BY kind, name, started_at, id;

-- name: nodes_forget!
-- Nodes that ended without a word, long ago.
DELETE FROM nodes WHERE seen_at < :before;
