-- name: projects_find
-- A page of ids.
SELECT p.id FROM projects p WHERE p.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: projects_count
-- How many there are.
SELECT count(*) AS n FROM projects p WHERE p.account_id = :account_id{where};

-- name: projects_by_ids
-- Those of the account among these.
SELECT {*projects p}, (SELECT count(*) FROM tasks t WHERE t.project_id = p.id) AS task_count
FROM projects p WHERE p.account_id = :account_id AND p.id IN ({ids});

-- name: projects_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM projects WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: project_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*projects} FROM projects WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: project_insert
-- A new one.
INSERT INTO projects (account_id, name, created_at, modified_at) VALUES (:account_id, :name, :now, :now) RETURNING id;

-- name: project_update!
-- Its name anew.
UPDATE projects SET name = :name, modified_at = :now WHERE id = :id;

-- name: project_delete!
-- It is gone; what referred to it refers to nothing.
DELETE FROM projects WHERE id = :id;

-- name: tasks_of_projects
-- The first tasks of each of these, by id: the last of them is looked up, so that no more than these are read.
WITH ends (id, last) AS (
    SELECT p.id, coalesce(
        (SELECT t.id FROM tasks t WHERE t.project_id = p.id ORDER BY t.id LIMIT 1 OFFSET :most - 1), 9223372036854775807)
    FROM projects p WHERE p.id IN ({ids})
)
SELECT t.project_id, t.id FROM ends e JOIN tasks t ON t.project_id = e.id AND t.id <= e.last
ORDER BY t.project_id, t.id;

-- name: tasks_of_project
-- All of one.
SELECT t.id FROM tasks t WHERE t.project_id = :project_id ORDER BY t.id;

-- name: tasks_to_gather_lock
-- These tasks and those of a project, kept from others until the transaction ends.
SELECT t.id, t.project_id FROM tasks t WHERE t.id IN (
    SELECT k.id FROM tasks k WHERE k.account_id = :account_id AND k.id IN ({ids})
    UNION SELECT k.id FROM tasks k WHERE k.account_id = :account_id AND k.project_id = :project_id)
ORDER BY t.id {turn};

-- name: tasks_project_set!
-- They are in that project, or in none.
UPDATE tasks SET project_id = :project_id, modified_at = :now WHERE id IN ({ids});

-- name: projects_named
-- Projects of these names: for each the newest, and how many there are.
SELECT name, max(id) AS id, count(*) AS n FROM projects WHERE account_id = :account_id AND name IN ({words})
GROUP BY name;
