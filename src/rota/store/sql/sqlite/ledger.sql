-- name: job_next
-- Whose turn it is: the account served longest ago, and its job served longest ago that has a chunk to run. Of actions
-- that are `low` only those that starve; of actions and accounts that are `full` only chunks that are in hand already.
-- Differs because SQLite joins in the written order only with CROSS JOIN, and sorts an account's jobs unless they are
-- asked for one account at a time.
SELECT {*jobs n}
FROM lanes l
CROSS JOIN jobs n ON n.id = (
    SELECT j.id FROM jobs j INDEXED BY jobs_executing
    WHERE j.account_id = l.account_id AND j.status = 'executing'
    AND (j.turn < :starved OR j.category || '.' || j.action NOT IN ({low})) AND EXISTS (
        SELECT 1 FROM chunks c INDEXED BY chunks_unsettled
        WHERE c.job_id = j.id AND c.state <> 'settled' AND (
            c.state = 'leased' AND c.lease_until < :now OR c.state = 'open'
            AND j.account_id NOT IN ({full}) AND j.category || '.' || j.action NOT IN ({full}))
        AND (NOT j.ordered OR NOT EXISTS (
            SELECT 1 FROM chunks e INDEXED BY chunks_unsettled
            WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row)))
    ORDER BY j.turn, j.id LIMIT 1)
ORDER BY l.turn, l.account_id LIMIT 1;

-- name: chunk_waits
-- Is there a chunk to lease, other than open ones of what is `full`? A look that locks nothing.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT 1 AS waits
FROM lanes l CROSS JOIN jobs j INDEXED BY jobs_executing ON j.account_id = l.account_id AND j.status = 'executing'
WHERE EXISTS (
    SELECT 1 FROM chunks c INDEXED BY chunks_unsettled
    WHERE c.job_id = j.id AND c.state <> 'settled' AND (
        c.state = 'leased' AND c.lease_until < :now OR c.state = 'open'
        AND j.account_id NOT IN ({full}) AND j.category || '.' || j.action NOT IN ({full}))
    AND (NOT j.ordered OR NOT EXISTS (
        SELECT 1 FROM chunks e INDEXED BY chunks_unsettled
        WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row)))
LIMIT 1;

-- name: chunk_next
-- The job's first chunk that nobody holds (unless it is full), or whose holder has let its lease run out.
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
SELECT first_row, epoch, state, owner, success_count, failure_count
FROM chunks c INDEXED BY chunks_unsettled
WHERE job_id = :job_id AND state <> 'settled'
AND (state = 'open' AND NOT :full OR state = 'leased' AND lease_until < :now)
AND (NOT :ordered OR NOT EXISTS (
    SELECT 1 FROM chunks e INDEXED BY chunks_unsettled
    WHERE e.job_id = :job_id AND e.state <> 'settled' AND e.first_row < c.first_row))
ORDER BY first_row LIMIT 1;

-- name: chunks_lease
-- Open chunks that follow one of their job, none larger, none that a runner has died on. Its job is locked.
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
UPDATE chunks SET state = 'leased', owner = :owner, epoch = epoch + 1, lease_until = :lease_until,
                  success_count = 0, failure_count = 0
WHERE job_id = :job_id AND first_row IN (
    SELECT first_row FROM chunks INDEXED BY chunks_unsettled
    WHERE job_id = :job_id AND first_row > :after AND state <> 'settled' AND state = 'open' AND deaths = 0
    AND row_count <= :rows AND end_byte - start_byte <= :bytes
    ORDER BY first_row LIMIT :most)
RETURNING job_id, first_row, row_count, start_byte, end_byte, epoch, deaths;

-- name: job_lock
-- Keep others from the job and its ledger; its status.
-- Differs because the one writer of SQLite needs no lock.
SELECT status FROM jobs WHERE id = :id;

-- name: job_held
-- Does anybody still work on the job?
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
SELECT 1 AS held FROM chunks INDEXED BY chunks_unsettled
WHERE job_id = :job_id AND state <> 'settled' AND state = 'leased' LIMIT 1;

-- name: job_unsettled
-- Is any of the job's rows still to be worked?
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
SELECT 1 AS unsettled FROM chunks INDEXED BY chunks_unsettled
WHERE job_id = :job_id AND state <> 'settled' LIMIT 1;

-- name: jobs_stalled
-- Asked to stop, and no holder whose lease still runs.
-- Differs because SQLite's planner prefers other indexes, and would walk all jobs and settled chunks.
SELECT j.id FROM jobs j INDEXED BY jobs_stopping
WHERE j.status = 'stopping' AND NOT EXISTS (
    SELECT 1 FROM chunks c INDEXED BY chunks_unsettled
    WHERE c.job_id = j.id AND c.state <> 'settled' AND c.state = 'leased' AND c.lease_until >= :now);

-- name: engine_waiting_since
-- When the account whose turn it is was last served; null while nothing is in execution. Leases that still run show an
-- engine at work, however long its chunks take.
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
SELECT min(l.turn) AS since FROM lanes l WHERE NOT EXISTS (
    SELECT 1 FROM jobs j INDEXED BY jobs_executing CROSS JOIN chunks c INDEXED BY chunks_unsettled
    WHERE j.account_id = l.account_id AND j.status = 'executing' AND c.job_id = j.id
    AND c.state <> 'settled' AND c.state = 'leased' AND c.lease_until >= :now);

-- name: chunks_waiting
-- How many chunks a runner could take now, at most `limit`.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT count(*) AS n FROM (
    SELECT 1 AS waits FROM lanes l CROSS JOIN jobs j INDEXED BY jobs_executing ON j.account_id = l.account_id AND j.status = 'executing'
    CROSS JOIN chunks c INDEXED BY chunks_unsettled ON c.job_id = j.id
    WHERE c.state <> 'settled' AND c.state = 'open' LIMIT :limit
) w;

-- name: slots_held
-- How many chunks are in hand, by account and action.
-- Differs because SQLite's planner prefers the primary key, and would walk all settled chunks.
SELECT j.account_id, j.category || '.' || j.action AS action, count(*) AS held
FROM chunks c INDEXED BY chunks_leased CROSS JOIN jobs j ON j.id = c.job_id WHERE c.state = 'leased' GROUP BY 1, 2;

-- name: slot_lock
-- Keep others from giving out chunks that count towards a limit; wait for those who do so now.
-- Differs because the one writer of SQLite needs no lock.
SELECT :slot IS NOT NULL AS mine;

-- name: slot_try
-- The same without a wait, for those who hold what others may be waiting for. Is it this one's?
-- Differs because the one writer of SQLite needs no lock.
SELECT :slot IS NOT NULL AS mine;
