-- depends: 0010_job_numbers
-- Which tasks have been changed, in the order of the changes, as far as lists of tasks show it: whoever remembers lists
-- looks again at these alone. The task 0 stands for all of them. `counted` are changes of nothing but the submissions
-- that are counted with a task: these change all day, and few lists ask for them.

CREATE TABLE task_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    counted BOOLEAN NOT NULL DEFAULT FALSE
);

INSERT INTO task_changes (task_id) VALUES (0);

CREATE TRIGGER task_changes_inserted AFTER INSERT
ON tasks BEGIN INSERT INTO task_changes (task_id) VALUES (NEW.id); END;

CREATE TRIGGER task_changes_deleted AFTER DELETE
ON tasks BEGIN INSERT INTO task_changes (task_id) VALUES (OLD.id); END;

CREATE TRIGGER task_changes_updated AFTER UPDATE OF
    name, folded_name, start_at, end_at, estimated_us, status, required_expertise, parent_id, client_id, project_id,
    modified_at, bounty_amount
ON tasks BEGIN INSERT INTO task_changes (task_id) VALUES (NEW.id); END;

CREATE TRIGGER task_changes_counted AFTER UPDATE OF submission_count
ON tasks BEGIN INSERT INTO task_changes (task_id, counted) VALUES (NEW.id, TRUE); END;

CREATE TRIGGER task_changes_timed AFTER INSERT
ON task_times BEGIN INSERT INTO task_changes (task_id) VALUES (NEW.task_id); END;

CREATE TRIGGER task_changes_untimed AFTER DELETE
ON task_times BEGIN INSERT INTO task_changes (task_id) VALUES (OLD.task_id); END;

CREATE TRIGGER task_changes_retimed AFTER UPDATE
ON task_times BEGIN INSERT INTO task_changes (task_id) VALUES (NEW.task_id); END;

CREATE TRIGGER task_changes_located AFTER INSERT
ON task_locations BEGIN INSERT INTO task_changes (task_id) VALUES (NEW.task_id); END;

CREATE TRIGGER task_changes_dislocated AFTER DELETE
ON task_locations BEGIN INSERT INTO task_changes (task_id) VALUES (OLD.task_id); END;

CREATE TRIGGER task_changes_ruled AFTER INSERT
ON task_segment_rules BEGIN INSERT INTO task_changes (task_id) VALUES (NEW.task_id); END;

CREATE TRIGGER task_changes_unruled AFTER DELETE
ON task_segment_rules BEGIN INSERT INTO task_changes (task_id) VALUES (OLD.task_id); END;
