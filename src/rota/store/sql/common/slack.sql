-- name: user_by_slack
-- Whose Slack id this is.
SELECT id FROM users WHERE slack_id = :slack_id;

-- name: user_link_slack!
-- A user's Slack id, or none; nothing changes when it is somebody else's.
UPDATE users SET slack_id = :slack_id
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM users o WHERE o.slack_id = :slack_id AND o.id <> :id);

-- name: slack_request_claim!
-- A request to handle. Nothing changes for one that was handled before, and the row is kept from others until this
-- transaction ends; who claims it at the same time waits. The same words sent at another time are another request,
-- unless they come as a retry.
INSERT INTO slack_requests (fingerprint, stamp, handled_at) VALUES (:fingerprint, :stamp, :now)
ON CONFLICT (fingerprint) DO UPDATE SET stamp = excluded.stamp, handled_at = excluded.handled_at
WHERE slack_requests.stamp <> excluded.stamp AND NOT :retry;

-- name: slack_request_answer!
-- What a claimed request was answered.
UPDATE slack_requests SET answer = :answer WHERE fingerprint = :fingerprint;

-- name: slack_request_answered
-- What a request was answered when it was handled.
SELECT answer FROM slack_requests WHERE fingerprint = :fingerprint;
