-- name: job_next
-- Whose turn it is: the account served longest ago, and its job served longest ago that has a chunk to run.
-- Differs because SQLite joins in the written order only with CROSS JOIN, and that order is what the two indexes of
-- turns give without sorting.
SELECT j.id, j.account_id, j.ordered
FROM lanes l
CROSS JOIN jobs j INDEXED BY jobs_executing ON j.account_id = l.account_id AND j.status = 'executing'
WHERE EXISTS (
    SELECT 1 FROM chunks c INDEXED BY chunks_unsettled
    WHERE c.job_id = j.id AND c.state <> 'settled' AND (c.state = 'open' OR c.lease_until < :now)
    AND (NOT j.ordered OR NOT EXISTS (
        SELECT 1 FROM chunks e INDEXED BY chunks_unsettled
        WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row)))
ORDER BY l.turn, l.account_id, j.turn, j.id LIMIT 1;

-- name: chunk_waits
-- Is there a chunk to lease? A look that locks nothing.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT 1 AS waits
FROM lanes l CROSS JOIN jobs j INDEXED BY jobs_executing ON j.account_id = l.account_id AND j.status = 'executing'
WHERE EXISTS (
    SELECT 1 FROM chunks c INDEXED BY chunks_unsettled
    WHERE c.job_id = j.id AND c.state <> 'settled' AND (c.state = 'open' OR c.lease_until < :now)
    AND (NOT j.ordered OR NOT EXISTS (
        SELECT 1 FROM chunks e INDEXED BY chunks_unsettled
        WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row)))
LIMIT 1;

-- name: chunk_next
-- The job's first chunk that nobody holds, or whose holder has let its lease run out.
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
SELECT first_row, epoch, state, owner, success_count, failure_count
FROM chunks c INDEXED BY chunks_unsettled
WHERE job_id = :job_id AND state <> 'settled' AND (state = 'open' OR lease_until < :now)
AND (NOT :ordered OR NOT EXISTS (
    SELECT 1 FROM chunks e INDEXED BY chunks_unsettled
    WHERE e.job_id = :job_id AND e.state <> 'settled' AND e.first_row < c.first_row))
ORDER BY first_row LIMIT 1;

-- name: job_lock
-- Keep others from the job and its ledger; its status.
-- Differs because the one writer of SQLite needs no lock.
SELECT status FROM jobs WHERE id = :id;
