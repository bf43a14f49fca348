-- name: bounties_find
-- A page of ids.
SELECT b.id FROM bounties b WHERE b.account_id = :account_id{where} ORDER BY {order} LIMIT :limit OFFSET :offset;

-- name: bounties_count
-- How many there are.
SELECT count(*) AS n FROM bounties b WHERE b.account_id = :account_id{where};

-- name: bounties_by_ids
-- Those of the account among these.
SELECT {*bounties} FROM bounties WHERE account_id = :account_id AND id IN ({ids});

-- name: bounty_insert!
-- What a task pays from now on.
INSERT INTO bounties (id, account_id, task_id, amount, currency, created_at)
VALUES (:id, :account_id, :task_id, :amount, :currency, :now);

-- name: bounty_currency
-- The currency of all bounties, by the newest.
SELECT currency FROM bounties ORDER BY id DESC LIMIT 1;
