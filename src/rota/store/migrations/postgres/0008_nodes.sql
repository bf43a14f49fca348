-- depends: 0007_field
-- Nodes: the servers and workers that use this database, and which schema each of them knows.

CREATE TABLE nodes (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('server', 'worker')),
    version TEXT COLLATE "C" NOT NULL,
    -- The newest migration that it knows.
    knows TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
