-- name: locations_find
-- A page of ids.
SELECT l.id FROM locations l WHERE l.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: locations_count
-- How many there are.
SELECT count(*) AS n FROM locations l WHERE l.account_id = :account_id{where};

-- name: locations_by_ids
-- Those of the account among these.
SELECT {*locations l}, p.name AS parent_name, lt.name AS location_type_name,
       EXISTS (SELECT 1 FROM submissions s WHERE s.location_id = l.id) AS has_submissions
FROM locations l LEFT JOIN locations p ON p.id = l.parent_id LEFT JOIN location_types lt ON lt.id = l.location_type_id
WHERE l.account_id = :account_id AND l.id IN ({ids});

-- name: locations_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM locations WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};

-- name: location_lock
-- One of the account, kept from others until the transaction ends.
SELECT {*locations} FROM locations WHERE account_id = :account_id AND id IN ({ids}) {lock};

-- name: location_insert
-- A new one.
INSERT INTO locations (account_id, name, country, description, parent_id, location_type_id, longitude, latitude, radius_m,
                       shape, x, y, z, created_at, modified_at)
VALUES (:account_id, :name, :country, :description, :parent_id, :location_type_id, :longitude, :latitude, :radius_m,
        :shape, :x, :y, :z, :now, :now)
RETURNING id;

-- name: location_update!
-- All of it anew.
UPDATE locations SET name = :name, country = :country, description = :description, parent_id = :parent_id,
                     location_type_id = :location_type_id, longitude = :longitude, latitude = :latitude,
                     radius_m = :radius_m, shape = :shape, x = :x, y = :y, z = :z, modified_at = :now
WHERE id = :id;

-- name: location_delete!
-- It is gone, with what was to be done there; those below it have no parent.
DELETE FROM locations WHERE id = :id;

-- name: location_lies_below
-- Whether one is another, or lies below it.
WITH RECURSIVE above (id) AS (
    SELECT l.id FROM locations l WHERE l.id = :parent_id
    UNION SELECT l.parent_id FROM locations l JOIN above a ON l.id = a.id WHERE l.parent_id IS NOT NULL
)
SELECT count(*) AS n FROM above WHERE id = :id;

-- name: location_needed
-- By what it is needed.
SELECT EXISTS (SELECT 1 FROM submissions s WHERE s.location_id = :id)
       OR EXISTS (SELECT 1 FROM occurrences o JOIN submissions s ON s.occurrence_id = o.id WHERE o.location_id = :id)
       AS submissions,
       EXISTS (SELECT 1 FROM tasks t WHERE t.target_content_type = 15 AND t.target_id = :id) AS tasks;

-- name: tasks_at_location_lock
-- Those that list it or have something to be done there, kept from others until the transaction ends.
SELECT t.id FROM tasks t WHERE t.account_id = :account_id AND t.id IN (
    SELECT tl.task_id FROM task_locations tl WHERE tl.location_id = :id
    UNION SELECT o.task_id FROM occurrences o WHERE o.location_id = :id)
ORDER BY t.id {turn};

-- name: tasks_at_location
-- The same, for a look. Nobody adds to them who has not locked the location.
SELECT tl.task_id AS id FROM task_locations tl WHERE tl.location_id = :id
UNION SELECT o.task_id FROM occurrences o WHERE o.location_id = :id;

-- name: tasks_leave_location!
-- They have less to be done. One that was to be done there alone is to be done nowhere in particular, once its calendar
-- is made anew, which begins at its start.
UPDATE tasks SET modified_at = :now, occurrence_count = occurrence_count - (
    SELECT count(*) FROM occurrences o WHERE o.task_id = tasks.id AND o.location_id = :id),
    expanded_to = CASE WHEN timing_rule IS NULL OR EXISTS (
        SELECT 1 FROM task_locations tl WHERE tl.task_id = tasks.id AND tl.location_id <> :id)
        THEN expanded_to ELSE start_at - 1 END
WHERE account_id = :account_id AND id IN ({ids});

-- name: location_add!
-- A new one of a batch, whose id is known.
INSERT INTO locations (id, account_id, name, country, description, parent_id, location_type_id, longitude, latitude,
                       radius_m, shape, x, y, z, created_at, modified_at)
VALUES (:id, :account_id, :name, :country, :description, :parent_id, :location_type_id, :longitude, :latitude,
        :radius_m, :shape, :x, :y, :z, :now, :now);

-- name: locations_named
-- Locations of these names: for each the newest, and how many there are.
SELECT name, max(id) AS id, count(*) AS n FROM locations WHERE account_id = :account_id AND name IN ({words})
GROUP BY name;

-- name: location_tree_lock
-- Lets the changes of an account's tree of locations go one after the other.
SELECT id FROM accounts WHERE id = :account_id {turn};
