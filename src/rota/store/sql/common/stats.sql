-- name: stats_worker_shifts
-- How often and how long each worker was on shift within an interval.
SELECT u.email, count(*) AS sessions, CAST(sum(
    CASE WHEN s.ended_at < :until THEN s.ended_at ELSE :until END
    - CASE WHEN s.started_at > :since THEN s.started_at ELSE :since END) AS bigint) AS logged_in_us
FROM users u JOIN shifts s ON s.user_id = u.id
WHERE u.account_id = :account_id AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
AND s.started_at < :until AND (s.ended_at IS NULL OR s.ended_at >= :since)
GROUP BY u.id;

-- name: stats_worker_phases
-- What each worker took and gave back within an interval, and how much of it they worked and kept things suspended.
SELECT u.email,
       CAST(sum(CASE WHEN p.status = 'active' THEN
           CASE WHEN p.ended_at < :until THEN p.ended_at ELSE :until END
           - CASE WHEN p.started_at > :since THEN p.started_at ELSE :since END ELSE 0 END) AS bigint) AS active_us,
       CAST(sum(CASE WHEN p.status = 'suspended' THEN
           CASE WHEN p.ended_at < :until THEN p.ended_at ELSE :until END
           - CASE WHEN p.started_at > :since THEN p.started_at ELSE :since END ELSE 0 END) AS bigint) AS suspended_us,
       sum(CASE WHEN p.verb = 'grab' AND p.ended_at < :until THEN 1 ELSE 0 END) AS grabbed,
       sum(CASE WHEN p.verb = 'release' AND p.ended_at < :until THEN 1 ELSE 0 END) AS released
FROM users u JOIN item_phases p ON p.user_id = u.id
WHERE u.account_id = :account_id AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
AND p.ended_at >= :since AND p.started_at < :until
GROUP BY u.id;

-- name: stats_worker_running
-- The same of what workers have in hand now.
SELECT u.email,
       CAST(sum(CASE WHEN i.status = 'active' THEN
           :until - CASE WHEN i.since > :since THEN i.since ELSE :since END ELSE 0 END) AS bigint) AS active_us,
       CAST(sum(CASE WHEN i.status = 'suspended' THEN
           :until - CASE WHEN i.since > :since THEN i.since ELSE :since END ELSE 0 END) AS bigint) AS suspended_us
FROM items i JOIN users u ON u.id = i.holder_id
WHERE i.account_id = :account_id AND i.status IN ('active', 'suspended') AND i.since < :until
AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
GROUP BY u.id;

-- name: stats_worker_completed
-- What each worker completed within an interval, and how long it took from submission to completion.
SELECT u.email, count(*) AS completed, sum(CASE WHEN i.completion = 'success' THEN 1 ELSE 0 END) AS succeeded,
       CAST(avg(i.completed_at - i.created_at) AS double precision) AS turnaround_us
FROM items i JOIN users u ON u.id = i.holder_id
WHERE i.account_id = :account_id AND i.status = 'completed' AND i.completed_at >= :since AND i.completed_at < :until
AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
GROUP BY u.id;

-- name: stats_owner_requested
-- How many items each owner had added within an interval.
SELECT u.email, count(*) AS requested FROM items i JOIN users u ON u.id = i.owner_id
WHERE i.account_id = :account_id AND i.created_at >= :since AND i.created_at < :until
AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
GROUP BY u.id;

-- name: stats_owner_phases
-- How often each owner's items were taken and given back within an interval, and how long they were worked on.
SELECT u.email,
       CAST(sum(CASE WHEN p.status = 'active' THEN
           CASE WHEN p.ended_at < :until THEN p.ended_at ELSE :until END
           - CASE WHEN p.started_at > :since THEN p.started_at ELSE :since END ELSE 0 END) AS bigint) AS active_us,
       sum(CASE WHEN p.verb = 'grab' AND p.ended_at < :until THEN 1 ELSE 0 END) AS grabbed,
       sum(CASE WHEN p.verb = 'release' AND p.ended_at < :until THEN 1 ELSE 0 END) AS released
FROM users u JOIN item_phases p ON p.owner_id = u.id
WHERE u.account_id = :account_id AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
AND p.ended_at >= :since AND p.started_at < :until
GROUP BY u.id;

-- name: stats_owner_running
-- How long each owner's items have been worked on by those who work on them now.
SELECT u.email,
       CAST(sum(:until - CASE WHEN i.since > :since THEN i.since ELSE :since END) AS bigint) AS active_us
FROM items i JOIN users u ON u.id = i.owner_id
WHERE i.account_id = :account_id AND i.status = 'active' AND i.since < :until
AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
GROUP BY u.id;

-- name: stats_owner_workers
-- How many workers had an owner's items in hand within an interval, or have now.
SELECT u.email, count(*) AS workers
FROM (SELECT p.owner_id, p.user_id FROM users o JOIN item_phases p ON p.owner_id = o.id
      WHERE o.account_id = :account_id AND (CAST(:user_id AS bigint) IS NULL OR o.id = :user_id)
      AND p.ended_at >= :since AND p.started_at < :until AND p.status IN ('active', 'suspended')
      UNION
      SELECT i.owner_id, i.holder_id FROM items i
      WHERE i.account_id = :account_id AND (CAST(:user_id AS bigint) IS NULL OR i.owner_id = :user_id)
      AND i.status IN ('active', 'suspended') AND i.since < :until) held
JOIN users u ON u.id = held.owner_id
GROUP BY u.id;

-- name: stats_owner_completed
-- What was completed of each owner's items within an interval, and where its time went.
SELECT u.email, count(*) AS completed, sum(CASE WHEN i.completion = 'success' THEN 1 ELSE 0 END) AS succeeded,
       CAST(avg(i.completed_at - i.created_at) AS double precision) AS turnaround_us,
       CAST(avg(i.worked_us) AS double precision) AS worked_us,
       CAST(avg(i.suspended_us) AS double precision) AS suspended_us,
       CAST(avg(i.queued_us) AS double precision) AS queued_us,
       CAST(avg(i.rejected_us) AS double precision) AS rejected_us,
       CAST(avg(i.times_rejected) AS double precision) AS times_rejected
FROM items i JOIN users u ON u.id = i.owner_id
WHERE i.account_id = :account_id AND i.status = 'completed' AND i.completed_at >= :since AND i.completed_at < :until
AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)
GROUP BY u.id;

-- name: stats_items_requested
-- How many items were added within an interval.
SELECT count(*) AS requested FROM items
WHERE account_id = :account_id AND created_at >= :since AND created_at < :until{where};

-- name: stats_items_completed
-- What was completed within an interval, and where its time went.
SELECT count(*) AS completed, sum(CASE WHEN completion = 'success' THEN 1 ELSE 0 END) AS succeeded,
       CAST(avg(completed_at - created_at) AS double precision) AS turnaround_us,
       CAST(avg(worked_us) AS double precision) AS worked_us,
       CAST(avg(suspended_us) AS double precision) AS suspended_us,
       CAST(avg(queued_us) AS double precision) AS queued_us,
       CAST(avg(rejected_us) AS double precision) AS rejected_us,
       CAST(avg(times_rejected) AS double precision) AS times_rejected
FROM items
WHERE account_id = :account_id AND status = 'completed' AND completed_at >= :since AND completed_at < :until{where};

-- name: stats_by_status
-- How many items of an account stand where.
SELECT status, count(*) AS n FROM items WHERE account_id = :account_id GROUP BY status;

-- name: stats_waiting
-- How long items waited in the queue that were grabbed within an interval, and how many no longer than a threshold.
SELECT count(*) AS grabbed, coalesce(sum(CASE WHEN ended_at - started_at <= :threshold_us THEN 1 ELSE 0 END), 0) AS within,
       CAST(avg(ended_at - started_at) AS double precision) AS average_us, max(ended_at - started_at) AS longest_us
FROM item_phases
WHERE account_id = :account_id AND verb = 'grab' AND ended_at >= :since AND ended_at < :until;
