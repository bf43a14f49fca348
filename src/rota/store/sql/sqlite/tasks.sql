-- name: tasks_ids
-- All ids of a choice in their order, in one text: as rows they take twice as long.
-- Differs because the databases call it by different names.
SELECT group_concat(id) AS ids FROM ({chosen});
