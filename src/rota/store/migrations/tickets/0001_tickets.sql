-- Tickets of Procrastinate for chunks that may be worked, in the transaction that lays them open.

-- Has one row while Procrastinate is the engine.
CREATE TABLE ticketing (
    is_on BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_on)
);

-- A ticket is a right to work, not to work this or that chunk: more than a thousand at a time are of no use to anybody.
CREATE FUNCTION rota_defer_tickets(chunks bigint) RETURNS void LANGUAGE sql AS $$
    SELECT procrastinate_defer_jobs_v1(array(
        SELECT ROW('rota', 'rota.work', 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1
        FROM generate_series(1, least(chunks, 1000))))
    WHERE chunks > 0 AND EXISTS (SELECT 1 FROM ticketing)
$$;

-- A job has been started: a ticket for each of its chunks, or one where they run one after the other.
CREATE FUNCTION rota_job_started() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rota_defer_tickets(count(*)) FROM (
        SELECT 1 FROM chunks WHERE job_id = NEW.id AND state = 'open'
        LIMIT CASE WHEN NEW.ordered THEN 1 ELSE 1000 END) AS found;
    RETURN NULL;
END $$;
CREATE TRIGGER rota_job_started AFTER UPDATE OF status ON jobs
    FOR EACH ROW WHEN (NEW.status = 'executing' AND OLD.status <> 'executing')
    EXECUTE FUNCTION rota_job_started();

-- A chunk has come back: given back, halved, or its holder is gone.
CREATE FUNCTION rota_chunk_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rota_defer_tickets(1) FROM jobs WHERE id = NEW.job_id AND status = 'executing';
    RETURN NULL;
END $$;
CREATE TRIGGER rota_chunk_opened AFTER UPDATE OF state ON chunks
    FOR EACH ROW WHEN (NEW.state = 'open' AND OLD.state <> 'open')
    EXECUTE FUNCTION rota_chunk_opened();

-- The rest of a chunk was inserted beside it. The chunks of a new job come in one statement, and find it pending.
CREATE FUNCTION rota_chunks_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rota_defer_tickets(count(*)) FROM (
        SELECT 1 FROM added JOIN jobs ON jobs.id = added.job_id AND jobs.status = 'executing' LIMIT 1000) AS found;
    RETURN NULL;
END $$;
CREATE TRIGGER rota_chunks_added AFTER INSERT ON chunks
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION rota_chunks_added();
