-- depends: 0002_jobs
-- The tables that the shipped actions work on.

CREATE TABLE numbers (
    number TEXT PRIMARY KEY,
    account_id TEXT REFERENCES accounts (id),
    state TEXT NOT NULL CHECK (state IN ('available', 'in_service', 'reserved', 'released', 'deleted')),
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    module_name TEXT NOT NULL DEFAULT '',
    previously_assigned_to TEXT
) WITHOUT ROWID;
CREATE INDEX numbers_of_account ON numbers (account_id, number);

CREATE TABLE quantities (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    month TEXT NOT NULL,
    category TEXT NOT NULL,
    item TEXT NOT NULL,
    quantity_bom INTEGER,
    quantity_eom INTEGER,
    PRIMARY KEY (account_id, month, category, item)
) WITHOUT ROWID;

CREATE TABLE rates (
    id TEXT PRIMARY KEY,
    prefix TEXT NOT NULL,
    rate_cost TEXT NOT NULL,
    account_id TEXT,
    fields TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX rates_by_prefix ON rates (prefix, id);
