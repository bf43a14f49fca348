-- depends: 0009_list_changes
-- Whole numbers of bulk jobs, for what refers to records by numbers only: the ids of jobs are texts.

CREATE TABLE job_numbers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE
);

-- The database gives them out, so that jobs get them, too, from nodes that do not know of numbers.
CREATE TRIGGER job_numbered AFTER INSERT
ON jobs BEGIN INSERT INTO job_numbers (job_id) VALUES (NEW.id); END;

INSERT INTO job_numbers (job_id) SELECT id FROM jobs ORDER BY created_at, id;
