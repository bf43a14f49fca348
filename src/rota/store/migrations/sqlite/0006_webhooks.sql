-- depends: 0005_slack
-- Webhooks: where the events of an account are sent, and each message on its way there.

CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    url TEXT NOT NULL,
    -- Separated by spaces; empty: all.
    kinds TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Not hashed: they sign.
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until INTEGER,
    -- Only events after this one are for it.
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    disabled_because TEXT,
    delivered_at INTEGER,
    failing_since INTEGER,
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
);
CREATE INDEX webhooks_of_account ON webhooks (account_id, created_at, id);
CREATE INDEX webhooks_enabled ON webhooks (position) WHERE disabled_at IS NULL;

-- A pending delivery is due at `next_at`, which a courier who takes it sets to the end of its lease. The delivery of a
-- test has no event.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL UNIQUE,
    event_id INTEGER,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    queued_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    courier TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    attempted_at INTEGER,
    settled_at INTEGER,
    last_status INTEGER,
    last_error TEXT,
    CHECK ((settled_at IS NULL) = (state = 'pending')),
    CHECK (courier IS NULL OR state = 'pending')
);
CREATE INDEX deliveries_next ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_due ON deliveries (webhook_id, next_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_held ON deliveries (courier) WHERE courier IS NOT NULL;
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (webhook_id, id);
CREATE INDEX deliveries_by_state ON deliveries (webhook_id, state, id);
CREATE INDEX deliveries_of_event ON deliveries (event_id) WHERE event_id IS NOT NULL;

-- Up to which event of the log all deliveries are written; one row.
CREATE TABLE webhook_cursor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
);
