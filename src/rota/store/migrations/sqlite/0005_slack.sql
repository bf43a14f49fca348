-- depends: 0004_desk
-- Slack: whose Slack id is whose, and which requests have been handled.

ALTER TABLE users ADD COLUMN slack_id TEXT;
CREATE UNIQUE INDEX users_slack_id ON users (slack_id) WHERE slack_id IS NOT NULL;

-- What Slack sends again is answered from here, and done once. `stamp` is when a request was sent, where nothing in
-- the request itself tells it from the same words said again.
CREATE TABLE slack_requests (
    fingerprint TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    handled_at INTEGER NOT NULL,
    answer TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX slack_requests_handled ON slack_requests (handled_at);
