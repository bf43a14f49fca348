-- name: job_next
-- Whose turn it is: the account served longest ago, and its job served longest ago that has a chunk to run. Of actions
-- that are `low` only those that starve; of actions and accounts that are `full` only chunks that are in hand already.
-- Differs because PostgreSQL chooses the join order by itself; the lateral keeps it to one job per account. And because
-- several writers may be at work: the job is locked, and one that another has locked is passed over, for that one may
-- be waiting for what this transaction holds.
SELECT {*jobs n}
FROM lanes l
CROSS JOIN LATERAL (
    SELECT {*jobs j} FROM jobs j
    WHERE j.account_id = l.account_id AND j.status = 'executing'
    AND (j.turn < :starved OR j.category || '.' || j.action NOT IN ({low})) AND EXISTS (
        SELECT 1 FROM chunks c
        WHERE c.job_id = j.id AND c.state <> 'settled' AND (
            c.state = 'leased' AND c.lease_until < :now OR c.state = 'open'
            AND j.account_id NOT IN ({full}) AND j.category || '.' || j.action NOT IN ({full}))
        AND (NOT j.ordered OR NOT EXISTS (
            SELECT 1 FROM chunks e WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row)))
    ORDER BY j.turn, j.id LIMIT 1 FOR UPDATE SKIP LOCKED) n
ORDER BY l.turn, l.account_id LIMIT 1;

-- name: chunk_waits
-- Is there a chunk to lease, other than open ones of what is `full`? A look that locks nothing.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT 1 AS waits
FROM lanes l JOIN jobs j ON j.account_id = l.account_id AND j.status = 'executing'
WHERE EXISTS (
    SELECT 1 FROM chunks c
    WHERE c.job_id = j.id AND c.state <> 'settled' AND (
        c.state = 'leased' AND c.lease_until < :now OR c.state = 'open'
        AND j.account_id NOT IN ({full}) AND j.category || '.' || j.action NOT IN ({full}))
    AND (NOT j.ordered OR NOT EXISTS (
        SELECT 1 FROM chunks e WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row)))
LIMIT 1;

-- name: chunk_next
-- The job's first chunk that nobody holds (unless it is full), or whose holder has let its lease run out.
-- Differs because SQLite must be told its index; PostgreSQL finds it.
SELECT first_row, epoch, state, owner, success_count, failure_count
FROM chunks c
WHERE job_id = :job_id AND state <> 'settled'
AND (state = 'open' AND NOT :full OR state = 'leased' AND lease_until < :now)
AND (NOT :ordered OR NOT EXISTS (
    SELECT 1 FROM chunks e
    WHERE e.job_id = :job_id AND e.state <> 'settled' AND e.first_row < c.first_row))
ORDER BY first_row LIMIT 1;

-- name: chunks_lease
-- Open chunks that follow one of their job, none larger, none that a runner has died on. Its job is locked.
-- Differs because SQLite must be told its index; PostgreSQL finds it.
UPDATE chunks SET state = 'leased', owner = :owner, epoch = epoch + 1, lease_until = :lease_until,
                  success_count = 0, failure_count = 0
WHERE job_id = :job_id AND first_row IN (
    SELECT first_row FROM chunks
    WHERE job_id = :job_id AND first_row > :after AND state <> 'settled' AND state = 'open' AND deaths = 0
    AND row_count <= :rows AND end_byte - start_byte <= :bytes
    ORDER BY first_row LIMIT :most)
RETURNING job_id, first_row, row_count, start_byte, end_byte, epoch, deaths;

-- name: job_lock
-- Keep others from the job and its ledger; its status.
-- Differs because several writers may be at work.
SELECT status FROM jobs WHERE id = :id FOR UPDATE;

-- name: job_held
-- Does anybody still work on the job?
-- Differs because SQLite must be told its indexes. PostgreSQL takes the one that has the order: without it, it may expect
-- to meet such a chunk soon, and walk all that are settled.
SELECT 1 AS held FROM chunks WHERE job_id = :job_id AND state <> 'settled' AND state = 'leased' ORDER BY first_row LIMIT 1;

-- name: job_unsettled
-- Is any of the job's rows still to be worked?
-- Differs because SQLite must be told its indexes; PostgreSQL takes the one that has the order.
SELECT 1 AS unsettled FROM chunks WHERE job_id = :job_id AND state <> 'settled' ORDER BY first_row LIMIT 1;

-- name: jobs_stalled
-- Asked to stop, and no holder whose lease still runs.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT j.id FROM jobs j WHERE j.status = 'stopping' AND NOT EXISTS (
    SELECT 1 FROM chunks c WHERE c.job_id = j.id AND c.state = 'leased' AND c.lease_until >= :now);

-- name: engine_waiting_since
-- When the account whose turn it is was last served; null while nothing is in execution. Leases that still run show an
-- engine at work, however long its chunks take.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT min(l.turn) AS since FROM lanes l WHERE NOT EXISTS (
    SELECT 1 FROM jobs j JOIN chunks c ON c.job_id = j.id
    WHERE j.account_id = l.account_id AND j.status = 'executing' AND c.state = 'leased' AND c.lease_until >= :now);

-- name: chunks_waiting
-- How many chunks a runner could take now, at most `limit`.
-- Differs because SQLite must be told its indexes; PostgreSQL finds them.
SELECT count(*) AS n FROM (
    SELECT 1 AS waits FROM lanes l JOIN jobs j ON j.account_id = l.account_id AND j.status = 'executing'
    JOIN chunks c ON c.job_id = j.id
    WHERE c.state <> 'settled' AND c.state = 'open' LIMIT :limit
) w;

-- name: slots_held
-- How many chunks are in hand, by account and action.
-- Differs because SQLite must be told its index; PostgreSQL finds it.
SELECT j.account_id, j.category || '.' || j.action AS action, count(*) AS held
FROM chunks c JOIN jobs j ON j.id = c.job_id WHERE c.state = 'leased' GROUP BY 1, 2;

-- name: slot_lock
-- Keep others from giving out chunks that count towards a limit; wait for those who do so now.
-- Differs because several writers may be at work.
SELECT TRUE AS mine FROM pg_advisory_xact_lock(hashtext('rota.slot'), hashtext(:slot));

-- name: slot_try
-- The same without a wait, for those who hold what others may be waiting for. Is it this one's?
-- Differs because several writers may be at work.
SELECT pg_try_advisory_xact_lock(hashtext('rota.slot'), hashtext(:slot)) AS mine;
