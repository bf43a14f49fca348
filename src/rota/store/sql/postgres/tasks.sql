-- name: tasks_ids
-- All ids of a choice in their order, in one text: as rows they take twice as long.
-- Differs because the databases call it by different names.
SELECT string_agg(CAST(id AS text), ',') AS ids FROM ({chosen}) found;

-- name: tasks_passing
-- The same of those that pass among these. A CASE, so that the ids are what a database starts from.
-- Differs because the databases call it by different names.
SELECT string_agg(CAST(t.id AS text), ',') AS ids FROM tasks t
WHERE t.id IN ({ids}) AND CASE WHEN t.account_id = :account_id THEN TRUE ELSE FALSE END{where};

-- name: tasks_sorted
-- The same of these, in an order.
-- Differs because the databases call it by different names.
WITH chosen (chosen_id) AS MATERIALIZED ({ids})
SELECT string_agg(CAST(id AS text), ',') AS ids FROM (
    SELECT t.id FROM chosen CROSS JOIN tasks t WHERE t.id = chosen_id AND t.account_id = :account_id
    ORDER BY {order}) found;
