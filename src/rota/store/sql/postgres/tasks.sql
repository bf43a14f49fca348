-- name: tasks_ids
-- All ids of a choice in their order, in one text: as rows they take twice as long.
-- Differs because the databases call it by different names.
SELECT string_agg(CAST(id AS text), ',') AS ids FROM ({chosen}) chosen;
