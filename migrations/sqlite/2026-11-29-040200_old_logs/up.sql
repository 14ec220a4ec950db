-- Logs of turns that ended long ago go: 0, the log is there; 1, it is being deleted, and no longer read; 2, it is gone.
ALTER TABLE turns ADD COLUMN log_state INTEGER NOT NULL DEFAULT 0 CHECK (log_state IN (0, 1, 2));
CREATE INDEX turns_with_log ON turns (ended_at) WHERE log_state <> 2 AND ended_at IS NOT NULL;

-- What a model thought aloud, of turns whose log is gone: nothing else of a log stands in no other row.
CREATE TABLE turn_reasoning (
    turn_id TEXT NOT NULL PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
    reasoning TEXT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER turn_reasoning_stored_insert AFTER INSERT ON turn_reasoning BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes + length(CAST(NEW.reasoning AS BLOB))
        WHERE id = (SELECT session_id FROM turns WHERE id = NEW.turn_id);
END;
CREATE TRIGGER turn_reasoning_stored_delete AFTER DELETE ON turn_reasoning BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes - length(CAST(OLD.reasoning AS BLOB))
        WHERE id = (SELECT session_id FROM turns WHERE id = OLD.turn_id);
END;
