-- name: segment_rules_find
-- A page of ids.
SELECT r.id FROM segment_rules r WHERE r.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: segment_rules_count
-- How many there are.
SELECT count(*) AS n FROM segment_rules r WHERE r.account_id = :account_id{where};

-- name: segment_rules_by_ids
-- Those of the account among these.
SELECT {*segment_rules} FROM segment_rules WHERE account_id = :account_id AND id IN ({ids});

-- name: segment_rules_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM segment_rules WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: segment_rule_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*segment_rules} FROM segment_rules WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: segment_rule_insert
-- A new one.
INSERT INTO segment_rules (account_id, name, description, target_content_type, target_field, target_field_value, active,
                           created_at, modified_at)
VALUES (:account_id, :name, :description, :target_content_type, :target_field, :target_field_value, :active, :now, :now)
RETURNING id;

-- name: segment_rule_update!
-- All of it anew.
UPDATE segment_rules SET name = :name, description = :description, target_content_type = :target_content_type,
                         target_field = :target_field, target_field_value = :target_field_value, active = :active,
                         modified_at = :now
WHERE id = :id;

-- name: segment_rule_delete!
-- It is gone, and no task has it.
DELETE FROM segment_rules WHERE id = :id;

-- name: tasks_of_segment_rule_lock
-- Those that have it, kept from others until the transaction ends.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id
AND t.id IN (SELECT tr.task_id FROM task_segment_rules tr WHERE tr.segment_rule_id = :id) ORDER BY t.id {turn};

-- name: tasks_of_segment_rule
-- The same, for a look. Nobody adds to them who has not locked the rule.
SELECT tr.task_id AS id FROM task_segment_rules tr WHERE tr.segment_rule_id = :id;

-- name: segment_rules_named
-- Segment rules of these names: for each the newest, and how many there are.
SELECT name, max(id) AS id, count(*) AS n FROM segment_rules WHERE account_id = :account_id AND name IN ({words})
GROUP BY name;
