-- name: locations_find
-- A page of ids.
SELECT l.id FROM locations l WHERE l.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: locations_count
-- How many there are.
SELECT count(*) AS n FROM locations l WHERE l.account_id = :account_id{where};

-- name: locations_by_ids
-- Those of the account among these.
SELECT l.*, p.name AS parent_name, lt.name AS location_type_name,
       EXISTS (SELECT 1 FROM submissions s WHERE s.location_id = l.id) AS has_submissions
FROM locations l LEFT JOIN locations p ON p.id = l.parent_id LEFT JOIN location_types lt ON lt.id = l.location_type_id
WHERE l.account_id = :account_id AND l.id IN ({ids});

-- name: locations_known
-- Which of these there are; they are not deleted until the transaction ends.
SELECT id FROM locations WHERE account_id = :account_id AND id IN ({ids}) ORDER BY id {share};
