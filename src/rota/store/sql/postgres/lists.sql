-- name: list_changes_many
-- Are there so many rows that counting takes longer than putting them together?
-- Differs because writers add rows instead of waiting for one another.
SELECT count(*) > 100 AS many FROM list_changes;

-- name: list_changes_gather!
-- One row for each topic, in the place of those that nobody else has in hand; the sums stay as they are.
-- Differs because writers add rows instead of waiting for one another.
WITH gone AS (
    DELETE FROM list_changes WHERE id IN (SELECT id FROM list_changes FOR UPDATE SKIP LOCKED) RETURNING topic, amount)
INSERT INTO list_changes (topic, amount) SELECT topic, sum(amount) FROM gone GROUP BY topic;
