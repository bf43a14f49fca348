-- name: job_insert!
-- A new job, not started.
INSERT INTO jobs (id, account_id, auth_account_id, user_id, category, action, file_name, header, out_header,
                  rows_name, ordered, created_at, status, total_count, input_sha256)
VALUES (:id, :account_id, :auth_account_id, :user_id, :category, :action, :file_name, :header, :out_header,
        :rows_name, :ordered, :created_at, 'pending', :total_count, :input_sha256);

-- name: chunk_insert!
-- An open chunk that nobody has held yet.
INSERT INTO chunks (job_id, first_row, row_count, start_byte, end_byte)
VALUES (:job_id, :first_row, :row_count, :start_byte, :end_byte);

-- name: job_by_id
-- One job, whoever's it is.
SELECT {*jobs} FROM jobs WHERE id = :id;

-- name: job_exists
-- Is there such a job (still)?
SELECT 1 AS found FROM jobs WHERE id = :id;

-- name: jobs_among
-- Which of these ids are those of jobs?
SELECT id FROM jobs WHERE id IN ({words});

-- name: job_newest_input
-- The newest job that has an input, and what that is called. Asked once in the life of a store of blobs.
SELECT id, rows_name FROM jobs WHERE rows_name IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: jobs_page
-- An account's jobs, newest first; the filters come from the closed table in store/filters.py.
SELECT {*jobs} FROM jobs WHERE account_id = :account_id{where} ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: job_move!
-- A guarded move of the state machine: no row changes when the job is no longer where it was thought to be.
UPDATE jobs SET status = :to_status, started_at = coalesce(:started_at, started_at),
                ended_at = coalesce(:ended_at, ended_at), node = coalesce(:node, node), turn = coalesce(:turn, turn)
WHERE id = :id AND status = :from_status;

-- name: job_delete!
-- A guarded deletion; the chunks go with their job.
DELETE FROM jobs WHERE id = :id AND status = :from_status;

-- name: trash_insert!
-- Blobs that may go, once this transaction is committed.
INSERT INTO trash (prefix) VALUES (:prefix) ON CONFLICT DO NOTHING;

-- name: trash_all
-- Where blobs of deleted jobs may still lie.
SELECT prefix FROM trash ORDER BY prefix;

-- name: trash_forget!
-- The blobs are gone.
DELETE FROM trash WHERE prefix = :prefix;

-- name: segments_of_job
-- Where the settled rows' output lies, in input order.
SELECT first_row, row_count, epoch, success_count, failure_count, out_bytes, success_bytes, failed_bytes
FROM chunks WHERE job_id = :job_id AND state = 'settled' ORDER BY first_row;

-- name: unprocessed_of_job
-- Where the rows that were never settled stand in the input, in its order.
SELECT first_row, row_count, start_byte, end_byte FROM chunks
WHERE job_id = :job_id AND state <> 'settled' ORDER BY first_row;

-- name: chunks_of_job
-- The whole ledger of a job, in input order.
SELECT {*chunks} FROM chunks WHERE job_id = :job_id ORDER BY first_row;
