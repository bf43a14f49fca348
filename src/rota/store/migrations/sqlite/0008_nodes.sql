-- depends: 0007_field
-- Nodes: the servers and workers that use this database, and which schema each of them knows.

CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('server', 'worker')),
    version TEXT NOT NULL,
    -- The newest migration that it knows.
    knows TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
);
