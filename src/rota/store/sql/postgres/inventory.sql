-- name: numbers_lock!
-- Keep other batches from the numbers until this transaction ends; readers go on.
-- Differs because several writers may be at work: two that add the same number must not both find it missing.
LOCK TABLE numbers IN SHARE ROW EXCLUSIVE MODE;

-- name: accounts_by_ids
-- The accounts among these ids.
-- Differs because each database takes a list of values apart in its own way.
SELECT id, name, parent_id, lineage, created_at FROM accounts WHERE id IN (SELECT jsonb_array_elements_text(CAST(:ids AS jsonb)));

-- name: users_by_emails
-- The users among these e-mails.
-- Differs because each database takes a list of values apart in its own way.
SELECT id, account_id, email, role, superuser, expertise, created_at FROM users
WHERE email IN (SELECT jsonb_array_elements_text(CAST(:emails AS jsonb)));

-- name: numbers_by_ids
-- The numbers among these, deleted ones too.
-- Differs because each database takes a list of values apart in its own way.
SELECT number, account_id, state, created_at, modified_at, module_name, previously_assigned_to
FROM numbers WHERE number IN (SELECT jsonb_array_elements_text(CAST(:numbers AS jsonb)));

-- name: quantities_after
-- A page of some accounts' quantities, by account, month, category and item; where neither is set there is nothing.
-- Differs because each database takes a list of values apart in its own way.
SELECT account_id, month, category, item, quantity_bom, quantity_eom FROM quantities
WHERE account_id IN (SELECT jsonb_array_elements_text(CAST(:ids AS jsonb)))
AND (account_id, month, category, item) > (:account_id, :month, :category, :item)
AND (quantity_bom IS NOT NULL OR quantity_eom IS NOT NULL)
ORDER BY account_id, month, category, item LIMIT :limit;

-- name: rates_by_prefixes
-- The rates of these prefixes, of whatever deck.
-- Differs because each database takes a list of values apart in its own way.
SELECT prefix, rate_cost, account_id, caller_id_numbers, carrier, description, direction, internal_rate_cost,
       iso_country_code, options, rate_increment, rate_minimum, rate_name, rate_nocharge_time, rate_suffix,
       rate_surcharge, rate_version, ratedeck_id, routes, weight
FROM rates WHERE prefix IN (SELECT jsonb_array_elements_text(CAST(:prefixes AS jsonb)));
