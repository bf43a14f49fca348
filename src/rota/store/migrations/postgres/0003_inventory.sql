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

-- Money is decimal text as it was given: neither database has a type for it that both keep exactly.
CREATE TABLE rates (
    prefix TEXT COLLATE "C" NOT NULL,
    rate_cost TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL DEFAULT '',
    caller_id_numbers TEXT COLLATE "C" NOT NULL DEFAULT '',
    carrier TEXT COLLATE "C" NOT NULL DEFAULT '',
    description TEXT COLLATE "C" NOT NULL DEFAULT '',
    direction TEXT COLLATE "C" NOT NULL DEFAULT '',
    internal_rate_cost TEXT COLLATE "C" NOT NULL DEFAULT '',
    iso_country_code TEXT COLLATE "C" NOT NULL DEFAULT '',
    options TEXT COLLATE "C" NOT NULL DEFAULT '',
    rate_increment BIGINT,
    rate_minimum BIGINT,
    rate_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    rate_nocharge_time BIGINT,
    rate_suffix TEXT COLLATE "C" NOT NULL DEFAULT '',
    rate_surcharge TEXT COLLATE "C" NOT NULL DEFAULT '',
    rate_version TEXT COLLATE "C" NOT NULL DEFAULT '',
    ratedeck_id TEXT COLLATE "C" NOT NULL DEFAULT '',
    routes TEXT COLLATE "C" NOT NULL DEFAULT '',
    weight BIGINT NOT NULL CHECK (weight BETWEEN 1 AND 100),
    PRIMARY KEY (prefix, ratedeck_id, account_id, rate_version, direction)
);
