-- Who is who, and the log of everything that happens.

CREATE TABLE accounts (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C" REFERENCES accounts (id),
    lineage TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- Exactly one account has no parent: the root.
CREATE UNIQUE INDEX accounts_one_root ON accounts ((parent_id IS NULL)) WHERE parent_id IS NULL;

CREATE TABLE users (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'member')),
    superuser BOOLEAN NOT NULL DEFAULT FALSE,
    expertise BIGINT NOT NULL DEFAULT 1 CHECK (expertise BETWEEN 1 AND 4),
    password_hash TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX tokens_of_user ON tokens (user_id);

CREATE TABLE sign_in_failures (
    address TEXT COLLATE "C" NOT NULL,
    failed_at BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_recent ON sign_in_failures (address, failed_at);

CREATE TABLE events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    user_id BIGINT,
    facts TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_of_subject ON events (subject, id);
CREATE INDEX events_of_account ON events (account_id, id);

-- Running totals for /metrics, kept in the transactions that they count.
CREATE TABLE totals (
    name TEXT COLLATE "C" PRIMARY KEY,
    amount BIGINT NOT NULL
);
