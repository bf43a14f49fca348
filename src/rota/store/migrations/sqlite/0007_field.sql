-- depends: 0006_webhooks
-- The field: recurring tasks at locations, the submissions that answer them, and the ledger of what is paid.
-- Dates are numbers such as 20181231, times of day and durations microseconds, amounts of money hundredths.

ALTER TABLE users ADD COLUMN name TEXT NOT NULL DEFAULT '';
CREATE INDEX users_of_account ON users (account_id, email);

CREATE TABLE clients (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);
CREATE INDEX clients_of_account ON clients (account_id, id);

CREATE TABLE projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);
CREATE INDEX projects_of_account ON projects (account_id, id);

CREATE TABLE location_types (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);
CREATE INDEX location_types_of_account ON location_types (account_id, id);

-- `shape` is GeoJSON. `x`, `y` and `z` are where the point, or one within the shape, lies: metres from the middle of the
-- earth, so that what is near is found by arithmetic alone.
CREATE TABLE locations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    description TEXT NOT NULL,
    parent_id INTEGER REFERENCES locations (id) ON DELETE SET NULL,
    location_type_id INTEGER REFERENCES location_types (id) ON DELETE SET NULL,
    longitude REAL,
    latitude REAL,
    radius_m REAL,
    shape TEXT,
    x REAL,
    y REAL,
    z REAL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    CHECK ((longitude IS NULL) = (latitude IS NULL) AND (longitude IS NULL) = (radius_m IS NULL)),
    CHECK (shape IS NULL OR longitude IS NULL)
);
CREATE INDEX locations_of_account ON locations (account_id, id);
CREATE INDEX locations_by_name ON locations (account_id, name, id);
CREATE INDEX locations_of_parent ON locations (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX locations_of_type ON locations (location_type_id) WHERE location_type_id IS NOT NULL;

-- `fields` is the JSON Schema of the answers.
CREATE TABLE forms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    title TEXT NOT NULL,
    id_string TEXT NOT NULL,
    version TEXT NOT NULL,
    fields TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);
CREATE INDEX forms_of_account ON forms (account_id, id);
CREATE UNIQUE INDEX forms_by_id_string ON forms (account_id, id_string);

CREATE TABLE segment_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    target_content_type INTEGER NOT NULL CHECK (target_content_type IN (13, 15)),
    target_field TEXT NOT NULL,
    target_field_value TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);
CREATE INDEX segment_rules_of_account ON segment_rules (account_id, id);

-- What lists sort and count by is kept with the task, in the transactions that change it: the current bounty, the
-- submissions by status, the occurrences, what was paid.
-- `folded_name` is what is searched. A start or an end that nobody has given follows from the rule. `zone` is that of a
-- rule without one. `expanded_to` is up to when a rule without end has been expanded; `expires_at` is when the task is
-- over, as far as that is known.
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    description TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    start_given BOOLEAN NOT NULL DEFAULT FALSE,
    end_at INTEGER,
    end_given BOOLEAN NOT NULL DEFAULT FALSE,
    timing_rule TEXT,
    zone TEXT NOT NULL,
    estimated_us INTEGER,
    total_submission_target INTEGER CHECK (total_submission_target >= 0),
    user_submission_target INTEGER CHECK (user_submission_target >= 0),
    status TEXT NOT NULL CHECK (status IN ('a', 'b', 'c', 'd', 'e', 's')),
    required_expertise INTEGER NOT NULL CHECK (required_expertise BETWEEN 1 AND 4),
    target_content_type INTEGER NOT NULL CHECK (target_content_type BETWEEN 13 AND 17),
    target_id INTEGER NOT NULL,
    parent_id INTEGER REFERENCES tasks (id) ON DELETE SET NULL,
    client_id INTEGER REFERENCES clients (id) ON DELETE SET NULL,
    project_id INTEGER REFERENCES projects (id) ON DELETE SET NULL,
    created_by INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    bounty_id INTEGER,
    bounty_amount INTEGER CHECK (bounty_amount > 0),
    submission_count INTEGER NOT NULL DEFAULT 0,
    approved_count INTEGER NOT NULL DEFAULT 0,
    pending_count INTEGER NOT NULL DEFAULT 0,
    rejected_count INTEGER NOT NULL DEFAULT 0,
    paid INTEGER NOT NULL DEFAULT 0,
    occurrence_count INTEGER NOT NULL DEFAULT 0,
    occurrences_cut BOOLEAN NOT NULL DEFAULT FALSE,
    expanded_to INTEGER,
    expires_at INTEGER,
    CHECK (submission_count = approved_count + pending_count + rejected_count),
    CHECK ((bounty_id IS NULL) = (bounty_amount IS NULL)),
    CHECK (approved_count >= 0 AND pending_count >= 0 AND rejected_count >= 0)
);
-- Each the order of a list, so that none is ever sorted. What is not there comes before all that is.
CREATE INDEX tasks_of_account ON tasks (account_id, id);
CREATE INDEX tasks_by_start ON tasks (account_id, start_at, name, id);
CREATE INDEX tasks_by_name ON tasks (account_id, name, id);
CREATE INDEX tasks_by_status ON tasks (account_id, status, id);
CREATE INDEX tasks_by_created ON tasks (account_id, created_at, id);
CREATE INDEX tasks_by_modified ON tasks (account_id, modified_at, id);
CREATE INDEX tasks_by_end ON tasks (account_id, end_at, id);
CREATE INDEX tasks_by_submissions ON tasks (account_id, submission_count, id);
CREATE INDEX tasks_by_estimate ON tasks (account_id, estimated_us, id);
CREATE INDEX tasks_by_bounty ON tasks (account_id, bounty_amount, id);
CREATE INDEX tasks_by_project ON tasks (account_id, project_id, id);
-- Where many tasks are alike in what sorts them, the id breaks ties upwards both ways.
CREATE INDEX tasks_by_status_down ON tasks (account_id, status DESC, id);
CREATE INDEX tasks_by_submissions_down ON tasks (account_id, submission_count DESC, id);
CREATE INDEX tasks_by_end_down ON tasks (account_id, end_at DESC, id);
CREATE INDEX tasks_by_estimate_down ON tasks (account_id, estimated_us DESC, id);
CREATE INDEX tasks_by_bounty_down ON tasks (account_id, bounty_amount DESC, id);
CREATE INDEX tasks_by_project_down ON tasks (account_id, project_id DESC, id);
CREATE INDEX tasks_by_expertise ON tasks (account_id, required_expertise, id);
CREATE INDEX tasks_by_parent ON tasks (account_id, parent_id, id);
CREATE INDEX tasks_by_client ON tasks (account_id, client_id, id);
CREATE INDEX tasks_without_occurrences ON tasks (account_id, id) WHERE occurrence_count = 0;
CREATE INDEX tasks_by_words ON tasks (account_id, folded_name);
CREATE INDEX tasks_of_project ON tasks (project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX tasks_of_parent ON tasks (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_of_client ON tasks (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX tasks_of_target ON tasks (target_content_type, target_id);
-- What the scheduler asks for.
CREATE INDEX tasks_to_start ON tasks (start_at) WHERE status = 's';
CREATE INDEX tasks_to_expire ON tasks (expires_at) WHERE status IN ('a', 's') AND expires_at IS NOT NULL;
CREATE INDEX tasks_to_expand ON tasks (expanded_to) WHERE expanded_to IS NOT NULL;

-- A location of a task may have a rule of its own, and hours, in which case they stand for the task's.
CREATE TABLE task_locations (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    location_id INTEGER NOT NULL REFERENCES locations (id) ON DELETE CASCADE,
    timing_rule TEXT,
    start_time INTEGER,
    end_time INTEGER,
    PRIMARY KEY (task_id, location_id)
);
CREATE INDEX tasks_at_location ON task_locations (location_id, task_id);

CREATE TABLE task_segment_rules (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    segment_rule_id INTEGER NOT NULL REFERENCES segment_rules (id) ON DELETE CASCADE,
    PRIMARY KEY (task_id, segment_rule_id)
);
CREATE INDEX tasks_of_segment_rule ON task_segment_rules (segment_rule_id);

CREATE TABLE bounties (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX bounties_of_account ON bounties (account_id, id);
CREATE INDEX bounties_of_task ON bounties (task_id, id);

-- `week` is that of ISO 8601, `week_day` 1 for Sunday to 7 for Saturday.
CREATE TABLE occurrences (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    location_id INTEGER REFERENCES locations (id) ON DELETE CASCADE,
    date INTEGER NOT NULL,
    week INTEGER NOT NULL,
    week_day INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (starts_at < ends_at)
);
-- An occurrence is there once, whoever saves its task at the same time.
CREATE UNIQUE INDEX occurrences_once ON occurrences (task_id, coalesce(location_id, 0), date, start_time);
CREATE INDEX occurrences_of_task ON occurrences (task_id, date, start_time, end_time, week, week_day);
CREATE INDEX occurrences_in_time ON occurrences (task_id, ends_at, starts_at);
CREATE INDEX occurrences_by_date ON occurrences (account_id, date, start_time, id, task_id, end_time, week, week_day);
CREATE INDEX occurrences_of_account ON occurrences (account_id, id);
CREATE INDEX occurrences_by_start ON occurrences (account_id, start_time, id);
CREATE INDEX occurrences_by_start_down ON occurrences (account_id, start_time DESC, id);
CREATE INDEX occurrences_by_end ON occurrences (account_id, end_time, id);
CREATE INDEX occurrences_by_end_down ON occurrences (account_id, end_time DESC, id);
CREATE INDEX occurrences_by_created ON occurrences (account_id, created_at, id);
CREATE INDEX occurrences_at_location ON occurrences (location_id) WHERE location_id IS NOT NULL;

-- What the occurrences of a task have in common, so that lists of tasks are filtered by them without a look at each: the
-- first and the last of their dates and times, and which months, days, weeks and so on occur, one bit for each. It is
-- written with the occurrences; a task without any has no row.
CREATE TABLE task_times (
    account_id TEXT NOT NULL,
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    first_date INTEGER NOT NULL,
    last_date INTEGER NOT NULL,
    months INTEGER NOT NULL,
    days INTEGER NOT NULL,
    weeks INTEGER NOT NULL,
    week_days INTEGER NOT NULL,
    first_start INTEGER NOT NULL,
    last_start INTEGER NOT NULL,
    start_minutes INTEGER NOT NULL,
    start_seconds INTEGER NOT NULL,
    first_end INTEGER NOT NULL,
    last_end INTEGER NOT NULL,
    end_minutes INTEGER NOT NULL,
    end_seconds INTEGER NOT NULL,
    PRIMARY KEY (account_id, task_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX times_of_task ON task_times (task_id);

CREATE TABLE submissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    task_id INTEGER NOT NULL REFERENCES tasks (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    location_id INTEGER REFERENCES locations (id),
    occurrence_id INTEGER REFERENCES occurrences (id),
    bounty_id INTEGER REFERENCES bounties (id),
    submitted_at INTEGER NOT NULL,
    valid BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('a', 'b', 'c', 'd')),
    comments TEXT NOT NULL,
    data TEXT NOT NULL,
    longitude REAL,
    latitude REAL,
    target_content_type INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    paid INTEGER NOT NULL DEFAULT 0 CHECK (paid >= 0),
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    CHECK (paid = 0 OR status = 'a')
);
CREATE INDEX submissions_of_account ON submissions (account_id, id);
CREATE INDEX submissions_by_time ON submissions (account_id, submitted_at, id);
CREATE INDEX submissions_by_created ON submissions (account_id, created_at, id);
CREATE INDEX submissions_by_modified ON submissions (account_id, modified_at, id);
CREATE INDEX submissions_by_status ON submissions (account_id, status, id);
CREATE INDEX submissions_by_status_down ON submissions (account_id, status DESC, id);
CREATE INDEX submissions_of_task ON submissions (task_id, user_id, status);
CREATE INDEX submissions_of_user ON submissions (user_id, id);
CREATE INDEX submissions_by_user ON submissions (user_id, status);
CREATE INDEX submissions_at_location ON submissions (location_id) WHERE location_id IS NOT NULL;
CREATE INDEX submissions_of_occurrence ON submissions (occurrence_id) WHERE occurrence_id IS NOT NULL;

-- Double entry: the entries of a posting add up to nothing. What a task pays leaves its book and enters a user's.
CREATE TABLE ledger_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    submission_id INTEGER NOT NULL REFERENCES submissions (id),
    posting INTEGER NOT NULL,
    book TEXT NOT NULL CHECK (book IN ('task', 'user')),
    book_id INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount <> 0),
    currency TEXT NOT NULL,
    bounty_id INTEGER NOT NULL REFERENCES bounties (id),
    created_at INTEGER NOT NULL
);
-- A submission's first posting pays it, the second takes that back, and so on: of two at once one is refused.
CREATE UNIQUE INDEX ledger_once ON ledger_entries (submission_id, posting, book);
CREATE INDEX ledger_of_book ON ledger_entries (book, book_id, amount);
