-- name: list_changes_many
-- Are there so many rows that counting takes longer than putting them together?
-- Differs because there is one writer at a time, and one row for each topic.
SELECT FALSE AS many;

-- name: list_changes_gather!
-- Nothing is to be put together.
-- Differs because there is one writer at a time, and one row for each topic.
UPDATE list_changes SET amount = amount WHERE FALSE;
