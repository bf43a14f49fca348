-- name: jobs_find
-- A page of numbers.
SELECT jn.id FROM jobs j JOIN job_numbers jn ON jn.job_id = j.id WHERE j.account_id = :account_id{where}
ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: jobs_count
-- How many there are.
SELECT count(*) AS n FROM jobs j JOIN job_numbers jn ON jn.job_id = j.id WHERE j.account_id = :account_id{where};

-- name: jobs_by_ids
-- Those of the account among these numbers. SQLite begins with what stands before CROSS: left to itself, it walks the
-- jobs of the account.
SELECT jn.id, j.id AS job_id, j.category, j.action, j.file_name, j.status, j.total_count, j.success_count,
       j.failure_count, j.created_at, j.started_at, j.ended_at
FROM job_numbers jn CROSS JOIN jobs j WHERE j.id = jn.job_id AND j.account_id = :account_id AND jn.id IN ({ids});

-- name: jobs_known
-- Which of these numbers there are; their jobs are not deleted until the transaction ends, and run on meanwhile.
SELECT jn.id FROM job_numbers jn WHERE jn.id IN ({ids})
AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = jn.job_id AND j.account_id = :account_id) ORDER BY jn.id {share};
