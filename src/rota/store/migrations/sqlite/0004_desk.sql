-- depends: 0003_inventory
-- The desk: items that people work from a queue, the shifts they work in, and where the time of both goes.

CREATE TABLE shifts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    started_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX shifts_of_user ON shifts (user_id, id);
-- Nobody is on shift twice.
CREATE UNIQUE INDEX shifts_one_open ON shifts (user_id) WHERE ended_at IS NULL;

-- A token that was given at a login dies with its shift.
ALTER TABLE tokens ADD COLUMN shift_id INTEGER REFERENCES shifts (id);
CREATE INDEX tokens_of_shift ON tokens (shift_id) WHERE shift_id IS NOT NULL;

CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    instructions TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    dated BOOLEAN NOT NULL,
    estimate_us INTEGER NOT NULL CHECK (estimate_us > 0),
    priority REAL NOT NULL,
    tags TEXT NOT NULL,
    properties TEXT NOT NULL,
    blocks INTEGER NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users (id),
    creator_id INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'active', 'suspended', 'completed', 'deleted')),
    holder_id INTEGER REFERENCES users (id),
    grabbed_at INTEGER,
    completed_at INTEGER,
    completion TEXT CHECK (completion IN ('success', 'failure')),
    since INTEGER NOT NULL,
    queued_us INTEGER NOT NULL DEFAULT 0,
    worked_us INTEGER NOT NULL DEFAULT 0,
    suspended_us INTEGER NOT NULL DEFAULT 0,
    rejected_us INTEGER NOT NULL DEFAULT 0,
    times_rejected INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL,
    score REAL NOT NULL,
    CHECK ((holder_id IS NULL) = (status IN ('queued', 'deleted'))),
    CHECK ((completion IS NOT NULL AND completed_at IS NOT NULL) = (status = 'completed')),
    -- Where the time went adds up, to the microsecond.
    CHECK (queued_us + worked_us + suspended_us + rejected_us = since - created_at)
);
-- Nobody works on two items at once.
CREATE UNIQUE INDEX items_one_active ON items (holder_id) WHERE status = 'active';
CREATE INDEX items_held ON items (holder_id, since) WHERE status = 'suspended';
-- What to grab next, and what to show: each the order of a list, so that none is ever sorted.
CREATE INDEX items_queue ON items (account_id, status, score DESC, created_at, id);
CREATE INDEX items_listed ON items (account_id, priority DESC, score DESC, created_at, id) WHERE status <> 'deleted';
CREATE INDEX items_by_status ON items (account_id, status, priority DESC, score DESC, created_at, id);
CREATE INDEX items_of_owner ON items (owner_id, priority DESC, score DESC, created_at, id, status);
CREATE INDEX items_waiting ON items (account_id, status, since, id);
CREATE INDEX items_completed ON items (account_id, completed_at) WHERE status = 'completed';
CREATE INDEX items_added ON items (account_id, created_at, owner_id);
CREATE INDEX items_by_generation ON items (generation);

-- Items with their people's present e-mail addresses.
CREATE VIEW items_named AS
SELECT i.id, i.account_id, i.title, i.description, i.instructions, i.deadline, i.dated, i.estimate_us, i.priority,
       i.tags, i.properties, i.blocks, i.owner_id, o.email AS owner, i.creator_id, c.email AS creator, i.created_at,
       i.modified_at, i.status, i.holder_id, h.email AS holder, i.grabbed_at, i.completed_at, i.completion, i.since,
       i.queued_us, i.worked_us, i.suspended_us, i.rejected_us, i.times_rejected, i.score
FROM items i JOIN users o ON o.id = i.owner_id JOIN users c ON c.id = i.creator_id
LEFT JOIN users h ON h.id = i.holder_id;

CREATE TABLE item_tags (
    account_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, tag, item_id)
) WITHOUT ROWID;
CREATE INDEX item_tags_of_item ON item_tags (item_id);

-- What is over of an item's life: one row per stretch in one status. `user_id` is who held it or, of a queued stretch,
-- who grabbed it; `verb` ended it.
CREATE TABLE item_phases (
    item_id INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    user_id INTEGER,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    verb TEXT NOT NULL
);
CREATE INDEX phases_of_item ON item_phases (item_id);
CREATE INDEX phases_of_user ON item_phases (user_id, ended_at, started_at, status, verb) WHERE user_id IS NOT NULL;
CREATE INDEX phases_of_owner ON item_phases (owner_id, ended_at, started_at, status, verb, user_id);
CREATE INDEX phases_grabbed ON item_phases (account_id, ended_at, started_at) WHERE verb = 'grab';

-- The weights of urgency that hold, the latest generation, and those before them.
CREATE TABLE urgency_weights (
    generation INTEGER PRIMARY KEY,
    weights TEXT NOT NULL
);

-- The desk's log: an account's, a user's and a kind's newest lines.
CREATE INDEX events_of_desk ON events (account_id, id) WHERE kind IN (
    'item.added', 'item.updated', 'item.deleted', 'item.peeked', 'item.grabbed', 'item.suspended', 'item.activated',
    'item.released', 'item.succeeded', 'item.failed', 'shift.started', 'shift.ended');
CREATE INDEX events_of_kind ON events (account_id, kind, id);
CREATE INDEX events_of_user ON events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX events_of_user_by_kind ON events (user_id, kind, id) WHERE user_id IS NOT NULL;
