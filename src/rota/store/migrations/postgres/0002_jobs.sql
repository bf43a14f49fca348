-- depends: 0001_accounts
-- Bulk jobs and the ledger of their chunks.

CREATE TABLE jobs (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    auth_account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    category TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    file_name TEXT COLLATE "C",
    header TEXT COLLATE "C" NOT NULL,
    out_header TEXT COLLATE "C" NOT NULL,
    rows_name TEXT COLLATE "C",
    ordered BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    node TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    total_count BIGINT,
    success_count BIGINT NOT NULL DEFAULT 0,
    failure_count BIGINT NOT NULL DEFAULT 0,
    input_sha256 TEXT COLLATE "C",
    turn BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX jobs_newest ON jobs (account_id, created_at, id);
CREATE INDEX jobs_newest_by_status ON jobs (account_id, status, created_at, id);
CREATE INDEX jobs_newest_by_action ON jobs (account_id, category, action, created_at, id);
CREATE INDEX jobs_executing ON jobs (account_id, turn, id) WHERE status = 'executing';
CREATE INDEX jobs_stopping ON jobs (id) WHERE status = 'stopping';

-- Accounts that have a job in execution: whose turn it is to be given a runner.
CREATE TABLE lanes (
    account_id TEXT COLLATE "C" PRIMARY KEY,
    turn BIGINT NOT NULL
);
CREATE INDEX lanes_by_turn ON lanes (turn, account_id);

CREATE TABLE chunks (
    job_id TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    first_row BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    start_byte BIGINT NOT NULL,
    end_byte BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'leased', 'settled')),
    owner TEXT COLLATE "C",
    epoch BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    deaths BIGINT NOT NULL DEFAULT 0,
    success_count BIGINT NOT NULL DEFAULT 0,
    failure_count BIGINT NOT NULL DEFAULT 0,
    out_bytes BIGINT NOT NULL DEFAULT 0,
    success_bytes BIGINT NOT NULL DEFAULT 0,
    failed_bytes BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, first_row)
);
CREATE INDEX chunks_unsettled ON chunks (job_id, first_row) WHERE state <> 'settled';
CREATE INDEX chunks_leased ON chunks (owner) WHERE state = 'leased';

-- Blobs of deleted jobs, until the sweep has removed them: a crash between the two leaves no orphan.
CREATE TABLE trash (
    prefix TEXT COLLATE "C" PRIMARY KEY
);
