-- name: tasks_find
-- A page of ids.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: tasks_gather
-- The same of few: they are looked for first, and sorted then.
WITH chosen (chosen_id) AS MATERIALIZED ({chosen})
SELECT t.id FROM chosen CROSS JOIN tasks t WHERE t.id = chosen_id AND t.account_id = :account_id
ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: tasks_among
-- Which of these pass. A CASE, so that the ids are what a database starts from.
SELECT t.id FROM tasks t
WHERE t.id IN ({ids}) AND CASE WHEN t.account_id = :account_id THEN TRUE ELSE FALSE END{where};

-- name: tasks_count
-- How many there are.
SELECT count(*) AS n FROM tasks t WHERE t.account_id = :account_id{where};

-- name: tasks_count_timed
-- How many there are, where all that is asked is asked of their occurrences.
SELECT count(*) AS n FROM task_times d WHERE d.account_id = :account_id{where};

-- name: tasks_count_located
-- How many there are, where all that is asked is asked of their locations.
SELECT count(DISTINCT tl.task_id) AS n FROM locations tll JOIN task_locations tl ON tl.location_id = tll.id
WHERE tll.account_id = :account_id{where};

-- name: tasks_by_ids
-- Those of the account among these.
SELECT {*tasks t}, u.email AS created_by_email, u.name AS created_by_name, f.title AS form_title,
       f.id_string AS form_id_string
FROM tasks t JOIN users u ON u.id = t.created_by
LEFT JOIN forms f ON t.target_content_type = 16 AND f.id = t.target_id
WHERE t.account_id = :account_id AND t.id IN ({ids});

-- name: tasks_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM tasks WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: relations_of_tasks
-- The locations of these tasks, with their rules and hours, and their segment rules.
SELECT task_id, location_id, timing_rule, start_time, end_time, NULL AS segment_rule_id
FROM task_locations WHERE task_id IN ({ids})
UNION ALL
SELECT task_id, NULL, NULL, NULL, NULL, segment_rule_id FROM task_segment_rules WHERE task_id IN ({ids})
ORDER BY task_id, location_id, segment_rule_id;

-- name: task_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*tasks} FROM tasks WHERE account_id = :account_id AND id IN ({ids}) {turn};

-- name: task_with_children_lock
-- One of the account and those right below it, kept from others until the transaction ends.
SELECT t.id FROM tasks t WHERE t.id IN (
    SELECT k.id FROM tasks k WHERE k.account_id = :account_id AND k.id IN ({ids})
    UNION SELECT k.id FROM tasks k WHERE k.account_id = :account_id AND k.parent_id IN ({ids}))
ORDER BY t.id {turn};

-- name: task_lock_whole
-- One of the account, kept also from those who would refer to it.
SELECT id FROM tasks WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: tasks_below
-- Those right below one, for a look. Nobody adds to them who has not locked it.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id AND t.parent_id IN ({ids});

-- name: tasks_tree_lock
-- Whoever hangs a task below another waits for whoever does so just now: together they might close a circle.
SELECT id FROM accounts WHERE id = :account_id {turn};

-- name: tasks_ancestors
-- Of each of these tasks itself and all above it.
WITH RECURSIVE above (origin, id, parent_id) AS (
    SELECT id, id, parent_id FROM tasks WHERE account_id = :account_id AND id IN ({ids})
    UNION SELECT a.origin, t.id, t.parent_id FROM tasks t JOIN above a ON t.id = a.parent_id)
SELECT origin, id FROM above;

-- name: task_insert!
-- A new one, with what follows from the bounty and the occurrences that are written with it.
INSERT INTO tasks (id, account_id, name, folded_name, description, start_at, start_given, end_at, end_given, timing_rule,
                   zone, estimated_us, total_submission_target, user_submission_target, status, required_expertise,
                   target_content_type, target_id, parent_id, client_id, project_id, created_by, created_at, modified_at,
                   bounty_id, bounty_amount, occurrence_count, occurrences_cut, expanded_to, expires_at)
VALUES (:id, :account_id, :name, :folded_name, :description, :start_at, :start_given, :end_at, :end_given, :timing_rule,
        :zone, :estimated_us, :total_submission_target, :user_submission_target, :status, :required_expertise,
        :target_content_type, :target_id, :parent_id, :client_id, :project_id, :created_by, :now, :now,
        :bounty_id, :bounty_amount, :occurrence_count, :cut, :expanded_to, :expires_at);

-- name: task_update!
-- All that may be written of it but its bounty, and what follows from that.
UPDATE tasks SET name = :name, folded_name = :folded_name, description = :description, start_at = :start_at,
                 start_given = :start_given, end_at = :end_at, end_given = :end_given, timing_rule = :timing_rule,
                 zone = :zone, estimated_us = :estimated_us, total_submission_target = :total_submission_target,
                 user_submission_target = :user_submission_target, status = :status,
                 required_expertise = :required_expertise, target_content_type = :target_content_type,
                 target_id = :target_id, parent_id = :parent_id, client_id = :client_id, project_id = :project_id,
                 modified_at = :now
WHERE id = :id;

-- name: task_delete!
-- It goes with its occurrences and bounties; those below it lose their parent.
DELETE FROM tasks WHERE id = :id;

-- name: task_location_insert!
-- A location of a task.
INSERT INTO task_locations (task_id, location_id, timing_rule, start_time, end_time)
VALUES (:task_id, :location_id, :timing_rule, :start_time, :end_time);

-- name: task_locations_delete!
-- A task is at no location.
DELETE FROM task_locations WHERE task_id = :task_id;

-- name: task_segment_rule_insert!
-- A segment rule of a task.
INSERT INTO task_segment_rules (task_id, segment_rule_id) VALUES (:task_id, :segment_rule_id);

-- name: task_segment_rules_delete!
-- A task has no segment rules.
DELETE FROM task_segment_rules WHERE task_id = :task_id;

-- name: task_bounty_set!
-- The newest bounty is the task's.
UPDATE tasks SET bounty_id = :bounty_id, bounty_amount = :amount WHERE id = :id;

-- name: task_calendar_set!
-- How far the occurrences of a task are made, how many there are, and when it is over.
UPDATE tasks SET occurrence_count = (SELECT count(*) FROM occurrences o WHERE o.task_id = :id),
                 occurrences_cut = :cut, expanded_to = :expanded_to, expires_at = :expires_at
WHERE id = :id;

-- name: tasks_to_expire
-- Tasks that are over, the first first, but those that somebody is writing.
SELECT {*tasks} FROM tasks WHERE status IN ('a', 's') AND expires_at < :now ORDER BY expires_at LIMIT :limit {skip};

-- name: tasks_to_start
-- Scheduled tasks whose start has come, the first first, but those that somebody is writing.
SELECT {*tasks} FROM tasks WHERE status = 's' AND start_at <= :now ORDER BY start_at LIMIT :limit {skip};

-- name: task_move!
-- From one status to the next: nothing changes unless the task stands as it was read.
UPDATE tasks SET status = :to_status, modified_at = :now WHERE id = :id AND status = :from_status;

-- name: tasks_to_extend
-- Living tasks whose occurrences are made less far than that, but those that somebody is writing.
SELECT {*tasks} FROM tasks WHERE expanded_to < :expanded_to AND status NOT IN ('c', 'e') ORDER BY expanded_to
LIMIT :limit {skip};

-- name: schedule_due
-- Whether any task is over, is to start, or has too few occurrences made.
SELECT EXISTS (SELECT 1 FROM tasks WHERE status IN ('a', 's') AND expires_at < :now) AS over,
       EXISTS (SELECT 1 FROM tasks WHERE status = 's' AND start_at <= :now) AS starting,
       EXISTS (SELECT 1 FROM tasks WHERE expanded_to < :expanded_to AND status NOT IN ('c', 'e')) AS short;
