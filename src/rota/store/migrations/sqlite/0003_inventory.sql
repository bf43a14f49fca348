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

-- Money is decimal text as it was given: neither database has a type for it that both keep exactly.
CREATE TABLE rates (
    prefix TEXT NOT NULL,
    rate_cost TEXT NOT NULL,
    account_id TEXT NOT NULL DEFAULT '',
    caller_id_numbers TEXT NOT NULL DEFAULT '',
    carrier TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    direction TEXT NOT NULL DEFAULT '',
    internal_rate_cost TEXT NOT NULL DEFAULT '',
    iso_country_code TEXT NOT NULL DEFAULT '',
    options TEXT NOT NULL DEFAULT '',
    rate_increment INTEGER,
    rate_minimum INTEGER,
    rate_name TEXT NOT NULL DEFAULT '',
    rate_nocharge_time INTEGER,
    rate_suffix TEXT NOT NULL DEFAULT '',
    rate_surcharge TEXT NOT NULL DEFAULT '',
    rate_version TEXT NOT NULL DEFAULT '',
    ratedeck_id TEXT NOT NULL DEFAULT '',
    routes TEXT NOT NULL DEFAULT '',
    weight INTEGER NOT NULL CHECK (weight BETWEEN 1 AND 100),
    PRIMARY KEY (prefix, ratedeck_id, account_id, rate_version, direction)
) WITHOUT ROWID;
