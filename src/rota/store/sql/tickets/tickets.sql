-- name: tickets_waiting
-- Tickets that nobody has fetched, as many as are of use.
SELECT id FROM procrastinate_jobs WHERE queue_name = 'rota' AND status = 'todo' LIMIT 1000;

-- name: tickets_cancel
-- Tear these up, unless somebody has fetched them meanwhile.
SELECT procrastinate_cancel_job_v1(id, false, true) FROM ({ids}) AS void (id);

-- name: tickets_turn
-- Is it this one's turn to look after the tickets? One at a time, until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('rota.tickets')) AS mine;

-- name: workers_prune
-- Forget the workers that have not been heard of for so long.
SELECT procrastinate_prune_stalled_workers_v1(CAST(:silent_s AS double precision));

-- name: tickets_clear
-- Tickets in the hands of workers that are forgotten.
SELECT procrastinate_finish_job_v1(id, 'failed', true) FROM procrastinate_jobs
WHERE queue_name = 'rota' AND status = 'doing' AND worker_id IS NULL;

-- name: tickets_wanted
-- How many chunks could be leased, counted as far as more tickets are of use.
SELECT count(*) AS chunks FROM (
    SELECT 1 FROM lanes l JOIN jobs j ON j.account_id = l.account_id AND j.status = 'executing'
    JOIN chunks c ON c.job_id = j.id AND c.state <> 'settled'
    WHERE (c.state = 'leased' AND c.lease_until < :now OR c.state = 'open'
        AND j.account_id NOT IN ({full}) AND j.category || '.' || j.action NOT IN ({full}))
    AND (NOT j.ordered OR NOT EXISTS (
        SELECT 1 FROM chunks e WHERE e.job_id = j.id AND e.state <> 'settled' AND e.first_row < c.first_row))
    LIMIT 1000) AS waiting;

-- name: tickets_defer
-- So many more.
SELECT rota_defer_tickets(:chunks);

-- name: workers_alive
-- Has a worker of Procrastinate been heard of so lately?
SELECT 1 AS alive FROM procrastinate_workers
WHERE last_heartbeat > now() - CAST(:silent_s AS double precision) * interval '1 second' LIMIT 1;

-- name: ticketing_installed
-- Has this database ever had Procrastinate for its engine?
SELECT 1 AS installed FROM pg_class WHERE oid = to_regclass('ticketing');

-- name: ticketing_begin!
-- From now on chunks that are laid open have tickets.
INSERT INTO ticketing DEFAULT VALUES ON CONFLICT DO NOTHING;

-- name: ticketing_end!
-- From now on they have none.
DELETE FROM ticketing;
