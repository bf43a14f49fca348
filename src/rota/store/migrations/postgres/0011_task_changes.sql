-- depends: 0010_job_numbers
-- Which tasks have been changed, and by which transaction, as far as lists of tasks show it: whoever remembers lists
-- looks again at those alone whose writers were not yet visible. The task 0 stands for all of them. `counted` are changes of
-- nothing but the submissions that are counted with a task: these change all day, and few lists ask for them.

CREATE TABLE task_changes (
    writer XID8 NOT NULL DEFAULT pg_current_xact_id(),
    task_id BIGINT NOT NULL,
    counted BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX task_changes_by_writer ON task_changes (writer);

INSERT INTO task_changes (task_id) VALUES (0);

CREATE FUNCTION tasks_note_change() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO task_changes (task_id) SELECT id FROM changed; RETURN NULL; END';

CREATE FUNCTION task_parts_note_change() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO task_changes (task_id) SELECT DISTINCT task_id FROM changed; RETURN NULL; END';

CREATE FUNCTION task_note_change() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO task_changes (task_id, counted) VALUES (NEW.id, TG_ARGV[0]::boolean); RETURN NULL; END';

CREATE TRIGGER task_changes_inserted AFTER INSERT
ON tasks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tasks_note_change();

CREATE TRIGGER task_changes_deleted AFTER DELETE
ON tasks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tasks_note_change();

-- For each row, for only so can columns be named.
CREATE TRIGGER task_changes_updated AFTER UPDATE OF
    name, folded_name, start_at, end_at, estimated_us, status, required_expertise, parent_id, client_id, project_id,
    modified_at, bounty_amount
ON tasks FOR EACH ROW EXECUTE FUNCTION task_note_change('false');

CREATE TRIGGER task_changes_counted AFTER UPDATE OF submission_count
ON tasks FOR EACH ROW EXECUTE FUNCTION task_note_change('true');

CREATE TRIGGER task_changes_timed AFTER INSERT
ON task_times REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();

CREATE TRIGGER task_changes_untimed AFTER DELETE
ON task_times REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();

CREATE TRIGGER task_changes_retimed AFTER UPDATE
ON task_times REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();

CREATE TRIGGER task_changes_located AFTER INSERT
ON task_locations REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();

CREATE TRIGGER task_changes_dislocated AFTER DELETE
ON task_locations REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();

CREATE TRIGGER task_changes_ruled AFTER INSERT
ON task_segment_rules REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();

CREATE TRIGGER task_changes_unruled AFTER DELETE
ON task_segment_rules REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION task_parts_note_change();
