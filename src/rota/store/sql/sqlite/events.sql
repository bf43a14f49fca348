-- name: events_writers
-- The transactions that may have taken an id of the log and have not committed it.
-- Differs because there is one writer at a time, whose ids ascend as commits do: nobody has one that comes late.
SELECT NULL AS writer WHERE FALSE;
