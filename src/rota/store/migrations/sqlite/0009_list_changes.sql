-- depends: 0008_nodes
-- How often what lists of tasks show has been changed: whoever remembers a list asks whether it still holds.

CREATE TABLE list_changes (
    topic TEXT PRIMARY KEY,
    amount INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO list_changes (topic, amount) VALUES ('tasks', 0), ('task_counts', 0);

CREATE TRIGGER tasks_inserted AFTER INSERT
ON tasks BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER tasks_deleted AFTER DELETE
ON tasks BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER tasks_updated AFTER UPDATE OF
    name, folded_name, start_at, end_at, estimated_us, status, required_expertise, parent_id, client_id, project_id,
    modified_at, bounty_amount
ON tasks BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

-- What a submission counts is apart, for it changes all day and few lists ask for it.
CREATE TRIGGER task_counts_updated AFTER UPDATE OF submission_count
ON tasks BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'task_counts'; END;

CREATE TRIGGER task_times_inserted AFTER INSERT
ON task_times BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_times_deleted AFTER DELETE
ON task_times BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_times_updated AFTER UPDATE
ON task_times BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_locations_inserted AFTER INSERT
ON task_locations BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_locations_deleted AFTER DELETE
ON task_locations BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_locations_updated AFTER UPDATE
ON task_locations BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_segment_rules_inserted AFTER INSERT
ON task_segment_rules BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_segment_rules_deleted AFTER DELETE
ON task_segment_rules BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;

CREATE TRIGGER task_segment_rules_updated AFTER UPDATE
ON task_segment_rules BEGIN UPDATE list_changes SET amount = amount + 1 WHERE topic = 'tasks'; END;
