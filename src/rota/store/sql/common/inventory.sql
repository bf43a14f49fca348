-- name: numbers_of_account
-- A page of an account's own numbers, by number. Deleted numbers have no account.
SELECT number, account_id, state, created_at, modified_at, module_name, previously_assigned_to
FROM numbers WHERE account_id = :account_id AND number > :after ORDER BY number LIMIT :limit;

-- name: numbers_beyond
-- A page of the numbers of an account's descendants that come after one of them in the order of the tree.
SELECT n.number, n.account_id, n.state, n.created_at, n.modified_at, n.module_name, n.previously_assigned_to
FROM accounts a CROSS JOIN numbers n
WHERE n.account_id = a.id AND a.lineage > :after AND a.lineage < :lineage_end
ORDER BY a.lineage, n.number LIMIT :limit;

-- name: numbers_after
-- A page of all numbers there are, deleted ones too.
SELECT number, account_id, state, created_at, modified_at, module_name, previously_assigned_to
FROM numbers WHERE number > :after ORDER BY number LIMIT :limit;

-- name: number_write!
-- A number as it is from now on, whether it was known or not.
INSERT INTO numbers (number, account_id, state, created_at, modified_at, module_name, previously_assigned_to)
VALUES (:number, :account_id, :state, :created_at, :modified_at, :module_name, :previously_assigned_to)
ON CONFLICT (number) DO UPDATE SET
    account_id = excluded.account_id, state = excluded.state, created_at = excluded.created_at,
    modified_at = excluded.modified_at, module_name = excluded.module_name,
    previously_assigned_to = excluded.previously_assigned_to;

-- name: quantity_write!
-- Set an item's quantities of a month; one that the file has no column for stays as it is.
INSERT INTO quantities (account_id, month, category, item, quantity_bom, quantity_eom)
VALUES (:account_id, :month, :category, :item, :quantity_bom, :quantity_eom)
ON CONFLICT (account_id, month, category, item) DO UPDATE SET
    quantity_bom = CASE WHEN :sets_bom THEN excluded.quantity_bom ELSE quantities.quantity_bom END,
    quantity_eom = CASE WHEN :sets_eom THEN excluded.quantity_eom ELSE quantities.quantity_eom END;

-- name: rates_after
-- A page of all rates, in the order of their keys.
SELECT prefix, rate_cost, account_id, caller_id_numbers, carrier, description, direction, internal_rate_cost,
       iso_country_code, options, rate_increment, rate_minimum, rate_name, rate_nocharge_time, rate_suffix,
       rate_surcharge, rate_version, ratedeck_id, routes, weight
FROM rates
WHERE (prefix, ratedeck_id, account_id, rate_version, direction) > (:prefix, :ratedeck_id, :account_id, :rate_version, :direction)
ORDER BY prefix, ratedeck_id, account_id, rate_version, direction LIMIT :limit;

-- name: rate_write!
-- A rate, in place of the one with the same key.
INSERT INTO rates (prefix, rate_cost, account_id, caller_id_numbers, carrier, description, direction,
    internal_rate_cost, iso_country_code, options, rate_increment, rate_minimum, rate_name,
    rate_nocharge_time, rate_suffix, rate_surcharge, rate_version, ratedeck_id, routes, weight)
VALUES (:prefix, :rate_cost, :account_id, :caller_id_numbers, :carrier, :description, :direction,
        :internal_rate_cost, :iso_country_code, :options, :rate_increment, :rate_minimum, :rate_name,
        :rate_nocharge_time, :rate_suffix, :rate_surcharge, :rate_version, :ratedeck_id, :routes, :weight)
ON CONFLICT (prefix, ratedeck_id, account_id, rate_version, direction) DO UPDATE SET
    rate_cost = excluded.rate_cost, caller_id_numbers = excluded.caller_id_numbers, carrier = excluded.carrier,
    description = excluded.description, internal_rate_cost = excluded.internal_rate_cost,
    iso_country_code = excluded.iso_country_code, options = excluded.options,
    rate_increment = excluded.rate_increment, rate_minimum = excluded.rate_minimum,
    rate_name = excluded.rate_name, rate_nocharge_time = excluded.rate_nocharge_time,
    rate_suffix = excluded.rate_suffix, rate_surcharge = excluded.rate_surcharge, routes = excluded.routes,
    weight = excluded.weight;

-- name: rate_delete!
-- One rate, by its whole key.
DELETE FROM rates
WHERE prefix = :prefix AND ratedeck_id = :ratedeck_id AND account_id = :account_id
AND rate_version = :rate_version AND direction = :direction;
