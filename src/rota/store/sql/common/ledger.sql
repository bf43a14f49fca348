-- name: lane_open!
-- The account has a job in execution. Its turn is as late as now, so that a newcomer neither waits nor jumps a queue.
-- A lane that is there is locked by writing it as it is: nobody may close it until this start is seen.
INSERT INTO lanes (account_id, turn) VALUES (:account_id, :turn)
ON CONFLICT (account_id) DO UPDATE SET turn = lanes.turn;

-- name: lane_lock!
-- Wait for a start in the account that is not committed yet, and let none pass until this transaction ends.
UPDATE lanes SET turn = turn WHERE account_id = :account_id;

-- name: lane_close!
-- The account has no job in execution any more. Follows `lane_lock`.
DELETE FROM lanes WHERE account_id = :account_id
AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.account_id = :account_id AND j.status = 'executing');

-- name: lane_served!
-- The account goes to the end of the round.
UPDATE lanes SET turn = :turn WHERE account_id = :account_id;

-- name: job_served!
-- The job goes to the end of its account's round.
UPDATE jobs SET turn = :turn WHERE id = :id;

-- name: chunk_lease
-- A new epoch: whoever held the chunk before can no longer settle it, and what they counted so far is taken back.
UPDATE chunks SET state = 'leased', owner = :owner, epoch = epoch + 1, lease_until = :lease_until,
                  success_count = 0, failure_count = 0
WHERE job_id = :job_id AND first_row = :first_row AND epoch = :epoch AND state <> 'settled'
RETURNING job_id, first_row, row_count, start_byte, end_byte, epoch, deaths;

-- name: chunk_beat!
-- The holder lives: its lease is extended and its counts so far are shown.
UPDATE chunks SET lease_until = :lease_until, success_count = :succeeded, failure_count = :failed
WHERE job_id = :job_id AND first_row = :first_row AND epoch = :epoch AND state = 'leased';

-- name: chunks_held
-- What chunks of a job show that are held, and under which epochs; `ids` are their first rows.
SELECT first_row, epoch, success_count, failure_count FROM chunks
WHERE job_id = :job_id AND first_row IN ({ids}) AND state = 'leased';

-- name: chunk_settle!
-- The fence: only the present epoch may say what became of the rows.
UPDATE chunks SET state = 'settled', owner = NULL, row_count = :row_count, end_byte = :end_byte,
                  success_count = :succeeded, failure_count = :failed, out_bytes = :out_bytes,
                  success_bytes = :success_bytes, failed_bytes = :failed_bytes
WHERE job_id = :job_id AND first_row = :first_row AND epoch = :epoch AND state = 'leased';

-- name: chunk_release!
-- Back to the open, none of it done.
UPDATE chunks SET state = 'open', owner = NULL, epoch = epoch + 1, success_count = 0, failure_count = 0
WHERE job_id = :job_id AND first_row = :first_row AND epoch = :epoch AND state = 'leased';

-- name: chunk_halve!
-- The first half of a chunk that killed its runner; the second half is inserted beside it.
UPDATE chunks SET state = 'open', owner = NULL, epoch = epoch + 1, deaths = 0, success_count = 0, failure_count = 0,
                  row_count = :row_count, end_byte = :end_byte
WHERE job_id = :job_id AND first_row = :first_row AND epoch = :epoch AND state = 'leased';

-- name: chunks_of_owner
-- What one runner holds.
SELECT job_id, first_row, epoch, success_count, failure_count FROM chunks WHERE owner = :owner AND state = 'leased';

-- name: chunks_of_owners
-- Chunks held by any owner whose name begins so.
SELECT job_id, first_row, epoch, success_count, failure_count FROM chunks
WHERE state = 'leased' AND owner >= :prefix AND owner < :prefix_end;

-- name: chunk_free!
-- The holder is gone, for good.
UPDATE chunks SET state = 'open', owner = NULL, epoch = epoch + 1, deaths = deaths + :deaths,
                  success_count = 0, failure_count = 0
WHERE job_id = :job_id AND first_row = :first_row AND epoch = :epoch AND state = 'leased';

-- name: chunks_fence!
-- Nobody holds a chunk of this job any longer.
UPDATE chunks SET state = 'open', owner = NULL, epoch = epoch + 1, success_count = 0, failure_count = 0
WHERE job_id = :job_id AND state = 'leased';

-- name: job_count!
-- Move the job's counts by what is new.
UPDATE jobs SET success_count = success_count + :succeeded, failure_count = failure_count + :failed WHERE id = :id;

-- name: job_recount!
-- Counts of a fenced job are those of its settled chunks alone.
UPDATE jobs SET
    success_count = (SELECT coalesce(sum(success_count), 0) FROM chunks WHERE job_id = :id AND state = 'settled'),
    failure_count = (SELECT coalesce(sum(failure_count), 0) FROM chunks WHERE job_id = :id AND state = 'settled')
WHERE id = :id;
