-- name: occurrences_find
-- A page of ids.
SELECT o.id FROM occurrences o WHERE o.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: occurrences_gather
-- The same of few: they are looked for first, and sorted then.
WITH chosen (chosen_id) AS MATERIALIZED ({chosen})
SELECT o.id FROM chosen CROSS JOIN occurrences o WHERE o.id = chosen_id AND o.account_id = :account_id
ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: occurrences_among
-- Which of these pass. A CASE, so that the ids are what a database starts from.
SELECT o.id FROM occurrences o
WHERE o.id IN ({ids}) AND CASE WHEN o.account_id = :account_id THEN TRUE ELSE FALSE END{where};

-- name: occurrences_count
-- How many there are.
SELECT count(*) AS n FROM occurrences o WHERE o.account_id = :account_id{where};

-- name: occurrences_by_ids
-- Those of the account among these.
SELECT {*occurrences} FROM occurrences WHERE account_id = :account_id AND id IN ({ids});

-- name: occurrences_of_task
-- All of a task, and whether submissions need them.
SELECT {*occurrences o}, EXISTS (SELECT 1 FROM submissions s WHERE s.occurrence_id = o.id) AS needed
FROM occurrences o WHERE o.task_id = :task_id;

-- name: occurrence_insert!
-- One that is there already stays as it is.
INSERT INTO occurrences (account_id, task_id, location_id, date, week, week_day, start_time, end_time, starts_at, ends_at,
                         created_at)
VALUES (:account_id, :task_id, :location_id, :date, :week, :week_day, :start_time, :end_time, :starts_at, :ends_at, :now)
ON CONFLICT DO NOTHING;

-- name: occurrence_new!
-- One of a new task, which has none yet.
INSERT INTO occurrences (account_id, task_id, location_id, date, week, week_day, start_time, end_time, starts_at, ends_at,
                         created_at)
VALUES (:account_id, :task_id, :location_id, :date, :week, :week_day, :start_time, :end_time, :starts_at, :ends_at, :now);

-- name: occurrence_amend!
-- It has another end, or begins at another moment on the same clock.
UPDATE occurrences SET end_time = :end_time, starts_at = :starts_at, ends_at = :ends_at WHERE id = :id;

-- name: occurrence_delete!
-- The rule names it no longer.
DELETE FROM occurrences WHERE id = :id;

-- name: task_times_delete!
-- What the occurrences of these tasks had in common no longer counts.
DELETE FROM task_times WHERE task_id IN ({ids});

-- name: task_times_insert!
-- What the occurrences of these tasks have in common.
INSERT INTO task_times (account_id, task_id, first_date, last_date, months, days, weeks, week_days, first_start,
                        last_start, start_minutes, start_seconds, first_end, last_end, end_minutes, end_seconds)
SELECT o.account_id, o.task_id, min(o.date), max(o.date),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.date / 100 - o.date / 10000 * 100 AS integer)) AS bigint),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.date - o.date / 100 * 100 AS integer)) AS bigint),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.week AS integer)) AS bigint),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.week_day AS integer)) AS bigint),
       min(o.start_time), max(o.start_time),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.start_time / 60000000 - o.start_time / 3600000000 * 60 AS integer)) AS bigint),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.start_time / 1000000 - o.start_time / 60000000 * 60 AS integer)) AS bigint),
       min(o.end_time), max(o.end_time),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.end_time / 60000000 - o.end_time / 3600000000 * 60 AS integer)) AS bigint),
       CAST(sum(DISTINCT CAST(1 AS bigint) << CAST(o.end_time / 1000000 - o.end_time / 60000000 * 60 AS integer)) AS bigint)
FROM occurrences o WHERE o.task_id IN ({ids}) GROUP BY o.account_id, o.task_id;
