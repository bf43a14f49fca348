-- depends: 0001_accounts
-- Bulk jobs and the ledger of their chunks.

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    auth_account_id TEXT NOT NULL REFERENCES accounts (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    category TEXT NOT NULL,
    action TEXT NOT NULL,
    file_name TEXT,
    header TEXT NOT NULL,
    out_header TEXT NOT NULL,
    rows_name TEXT,
    ordered BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    node TEXT,
    status TEXT NOT NULL,
    total_count INTEGER,
    success_count INTEGER NOT NULL DEFAULT 0,
    failure_count INTEGER NOT NULL DEFAULT 0,
    input_sha256 TEXT,
    turn INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_newest ON jobs (account_id, created_at, id);
CREATE INDEX jobs_newest_by_status ON jobs (account_id, status, created_at, id);
CREATE INDEX jobs_newest_by_action ON jobs (account_id, category, action, created_at, id);
CREATE INDEX jobs_executing ON jobs (account_id, turn, id) WHERE status = 'executing';
CREATE INDEX jobs_stopping ON jobs (id) WHERE status = 'stopping';

-- Accounts that have a job in execution: whose turn it is to be given a runner.
CREATE TABLE lanes (
    account_id TEXT PRIMARY KEY,
    turn INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lanes_by_turn ON lanes (turn, account_id);

CREATE TABLE chunks (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    first_row INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    start_byte INTEGER NOT NULL,
    end_byte INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'leased', 'settled')),
    owner TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    success_count INTEGER NOT NULL DEFAULT 0,
    failure_count INTEGER NOT NULL DEFAULT 0,
    out_bytes INTEGER NOT NULL DEFAULT 0,
    success_bytes INTEGER NOT NULL DEFAULT 0,
    failed_bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, first_row)
) WITHOUT ROWID;
CREATE INDEX chunks_unsettled ON chunks (job_id, first_row) WHERE state <> 'settled';
CREATE INDEX chunks_leased ON chunks (owner) WHERE state = 'leased';

-- Blobs of deleted jobs, until the sweep has removed them: a crash between the two leaves no orphan.
CREATE TABLE trash (
    prefix TEXT PRIMARY KEY
) WITHOUT ROWID;
