-- name: lists_state
-- How often what these topics are about has been changed. Equal numbers are equal states.
SELECT CAST(coalesce(sum(amount), 0) AS bigint) AS state FROM list_changes WHERE topic IN ({words});
