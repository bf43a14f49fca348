-- Who is who, and the log of everything that happens.

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    parent_id TEXT REFERENCES accounts (id),
    lineage TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);

-- Exactly one account has no parent: the root.
CREATE UNIQUE INDEX accounts_one_root ON accounts ((parent_id IS NULL)) WHERE parent_id IS NULL;

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    superuser BOOLEAN NOT NULL DEFAULT FALSE,
    expertise INTEGER NOT NULL DEFAULT 1 CHECK (expertise BETWEEN 1 AND 4),
    password_hash TEXT,
    created_at INTEGER NOT NULL
);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
);
CREATE INDEX tokens_of_user ON tokens (user_id);

CREATE TABLE sign_in_failures (
    address TEXT NOT NULL,
    failed_at INTEGER NOT NULL
);
CREATE INDEX sign_in_failures_recent ON sign_in_failures (address, failed_at);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    account_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id INTEGER,
    facts TEXT NOT NULL
);
CREATE INDEX events_of_subject ON events (subject, id);
CREATE INDEX events_of_account ON events (account_id, id);

-- Running totals for /metrics, kept in the transactions that they count.
CREATE TABLE totals (
    name TEXT PRIMARY KEY,
    amount INTEGER NOT NULL
) WITHOUT ROWID;
