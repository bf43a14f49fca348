-- depends: 0004_desk
-- Slack: whose Slack id is whose, and which requests have been handled.

ALTER TABLE users ADD COLUMN slack_id TEXT COLLATE "C";
CREATE UNIQUE INDEX users_slack_id ON users (slack_id) WHERE slack_id IS NOT NULL;

-- What Slack sends again is answered from here, and done once. `stamp` is when a request was sent, where nothing in
-- the request itself tells it from the same words said again.
CREATE TABLE slack_requests (
    fingerprint TEXT COLLATE "C" PRIMARY KEY,
    stamp TEXT COLLATE "C" NOT NULL,
    handled_at BIGINT NOT NULL,
    answer TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX slack_requests_handled ON slack_requests (handled_at);
