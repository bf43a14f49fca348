-- depends: 0002_jobs
-- The tables that the shipped actions work on.

CREATE TABLE numbers (
    number TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" REFERENCES accounts (id),
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('available', 'in_service', 'reserved', 'released', 'deleted')),
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    module_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    previously_assigned_to TEXT COLLATE "C"
);
CREATE INDEX numbers_of_account ON numbers (account_id, number);

CREATE TABLE quantities (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    month TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    item TEXT COLLATE "C" NOT NULL,
    quantity_bom BIGINT,
    quantity_eom BIGINT,
    PRIMARY KEY (account_id, month, category, item)
);

CREATE TABLE rates (
    id TEXT COLLATE "C" PRIMARY KEY,
    prefix TEXT COLLATE "C" NOT NULL,
    rate_cost TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C",
    fields TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX rates_by_prefix ON rates (prefix, id);
