-- name: submissions_find
-- A page of ids.
SELECT s.id FROM submissions s WHERE s.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: submissions_gather
-- The same of few: they are looked for first, and sorted then.
WITH chosen (chosen_id) AS MATERIALIZED ({chosen})
SELECT s.id FROM chosen CROSS JOIN submissions s WHERE s.id = chosen_id AND s.account_id = :account_id
ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: submissions_among
-- Which of these pass. A CASE, so that the ids are what a database starts from.
SELECT s.id FROM submissions s
WHERE s.id IN ({ids}) AND CASE WHEN s.account_id = :account_id THEN TRUE ELSE FALSE END{where};

-- name: submissions_count
-- How many there are.
SELECT count(*) AS n FROM submissions s WHERE s.account_id = :account_id{where};

-- name: submissions_by_ids
-- Those of the account among these.
SELECT {*submissions} FROM submissions WHERE account_id = :account_id AND id IN ({ids});

-- name: submissions_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM submissions WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: submission_task_lock
-- The task that is answered, with the schema of its form, kept from others until the transaction ends: its targets hold
-- because all who submit pass here one after the other.
SELECT {*tasks t}, (SELECT f.fields FROM forms f WHERE t.target_content_type = 16 AND f.id = t.target_id) AS form_fields
FROM tasks t WHERE t.id = :id AND t.account_id = :account_id {turn};

-- name: submission_places
-- Where a task is to be done. None of the locations is deleted while the task is locked: whoever deletes one locks the
-- tasks that list it before.
SELECT l.id, l.longitude, l.latitude, l.radius_m, l.shape,
       (SELECT count(tl.timing_rule) FROM task_locations tl WHERE tl.task_id = :task_id AND tl.location_id = l.id)
       AS rules
FROM locations l WHERE l.id IN (SELECT tl.location_id FROM task_locations tl WHERE tl.task_id = :task_id)
ORDER BY l.id;

-- name: submission_user
-- Who submits, of the account or the one who asks, and how many of their submissions of the task are not rejected.
SELECT u.id, u.expertise,
       (SELECT count(*) FROM submissions s WHERE s.task_id = :task_id AND s.user_id = u.id AND s.status IN ('a', 'c', 'd'))
       AS counted
FROM users u WHERE u.id = :user_id AND (u.account_id = :account_id OR u.id = :actor_id);

-- name: submission_occurrence
-- The occurrence of a task at a moment, there or nowhere in particular; without a location, anywhere. None lasts until
-- `latest`, so that the later ones need no look.
SELECT o.id FROM occurrences o
WHERE o.task_id = :task_id AND o.ends_at BETWEEN :at AND :latest AND o.starts_at <= :at
  AND (o.location_id IS NULL OR o.location_id = coalesce(CAST(:location_id AS BIGINT), o.location_id))
ORDER BY (o.location_id IS NULL), o.ends_at, o.id LIMIT 1;

-- name: submission_insert
-- A new one.
INSERT INTO submissions (account_id, task_id, user_id, location_id, occurrence_id, bounty_id, submitted_at, valid, status,
                         comments, data, longitude, latitude, target_content_type, target_id, created_at, modified_at)
VALUES (:account_id, :task_id, :user_id, :location_id, :occurrence_id, :bounty_id, :submitted_at, :valid, :status,
        :comments, :data, :longitude, :latitude, :target_content_type, :target_id, :now, :now)
RETURNING id;

-- name: submission_task
-- Which task it answers, which never changes: the task is locked before its submission.
SELECT task_id FROM submissions WHERE id = :id AND account_id = :account_id;

-- name: submission_lock
-- It is kept from others until the transaction ends.
SELECT {*submissions} FROM submissions WHERE id = :id AND account_id = :account_id {lock};

-- name: submission_update!
-- What a review made of it.
UPDATE submissions SET status = :status, comments = :comments, bounty_id = :bounty_id, paid = :paid, modified_at = :now
WHERE id = :id;

-- name: submission_delete!
-- It is gone. Follows a look at the ledger.
DELETE FROM submissions WHERE id = :id;

-- name: task_count_submissions!
-- Add to what a task counts of its submissions, and to what they were paid.
UPDATE tasks SET submission_count = submission_count + :submitted, approved_count = approved_count + :approved,
                 pending_count = pending_count + :pending, rejected_count = rejected_count + :rejected,
                 paid = paid + :paid
WHERE id = :id;

-- name: submissions_table
-- Submissions with the names of what they refer to, for whoever takes all of them away.
SELECT {*submissions s}, t.name AS task_name, u.email AS user_email, l.name AS location_name
FROM submissions s JOIN tasks t ON t.id = s.task_id JOIN users u ON u.id = s.user_id
LEFT JOIN locations l ON l.id = s.location_id
WHERE s.account_id = :account_id{where} ORDER BY {order} LIMIT :limit;

-- name: submissions_answers
-- The answers alone, to see of what they are.
SELECT s.id, s.data FROM submissions s WHERE s.account_id = :account_id{where} ORDER BY {order} LIMIT :limit;
