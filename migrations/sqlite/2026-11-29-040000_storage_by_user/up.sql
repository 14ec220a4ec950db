-- What each user stores, counted as it is written: rows of the log, messages, texts of calls, plans, summaries and the
-- fields of sessions, in bytes of UTF-8. A session has its own sum, so that the room of a deleted one is known without
-- reading what was in it. Triggers count, so that no statement can forget to, whatever goes with a deleted row included.
ALTER TABLE sessions ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN stored_messages BIGINT NOT NULL DEFAULT 0;

-- What is held for the rest of a turn that has not ended.
ALTER TABLE turns ADD COLUMN reserved_bytes BIGINT NOT NULL DEFAULT 0;

CREATE TABLE user_storage (
    owner TEXT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL,
    reserved_bytes BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    sessions BIGINT NOT NULL
) WITHOUT ROWID;

-- What is there already.
UPDATE sessions SET
    stored_messages = (SELECT count(*) FROM messages WHERE session_id = sessions.id),
    stored_bytes = length(CAST(title AS BLOB)) + coalesce(length(CAST(subject AS BLOB)), 0)
        + coalesce(length(CAST(learner_profile AS BLOB)), 0)
        + (SELECT coalesce(sum(length(CAST(content AS BLOB))), 0) FROM messages WHERE session_id = sessions.id)
        + (SELECT coalesce(sum(length(CAST(plan AS BLOB))), 0) FROM session_focus WHERE session_id = sessions.id)
        + (SELECT coalesce(sum(length(CAST(summary AS BLOB))), 0) FROM session_summaries WHERE session_id = sessions.id)
        + (SELECT coalesce(sum(length(frames)), 0) FROM turns JOIN turn_events ON turn_id = turns.id
            WHERE session_id = sessions.id)
        + (SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM turns JOIN attempts ON turn_id = turns.id
            WHERE session_id = sessions.id);
INSERT INTO user_storage (owner, bytes, reserved_bytes, messages, sessions)
    SELECT owner, sum(stored_bytes), 0, sum(stored_messages), count(*) FROM sessions GROUP BY owner;

-- From a session to its user.
CREATE TRIGGER sessions_stored_insert AFTER INSERT ON sessions BEGIN
    INSERT INTO user_storage (owner, bytes, reserved_bytes, messages, sessions) VALUES (NEW.owner, 0, 0, 0, 1)
        ON CONFLICT (owner) DO UPDATE SET sessions = sessions + 1;
    UPDATE sessions SET stored_bytes = length(CAST(NEW.title AS BLOB)) + coalesce(length(CAST(NEW.subject AS BLOB)), 0)
        + coalesce(length(CAST(NEW.learner_profile AS BLOB)), 0) WHERE id = NEW.id;
END;
CREATE TRIGGER sessions_stored_fields AFTER UPDATE OF title, subject, learner_profile ON sessions BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes
        + length(CAST(NEW.title AS BLOB)) - length(CAST(OLD.title AS BLOB))
        + coalesce(length(CAST(NEW.subject AS BLOB)), 0) - coalesce(length(CAST(OLD.subject AS BLOB)), 0)
        + coalesce(length(CAST(NEW.learner_profile AS BLOB)), 0) - coalesce(length(CAST(OLD.learner_profile AS BLOB)), 0)
        WHERE id = NEW.id;
END;
CREATE TRIGGER sessions_stored_sum AFTER UPDATE OF stored_bytes, stored_messages ON sessions BEGIN
    UPDATE user_storage SET bytes = bytes + NEW.stored_bytes - OLD.stored_bytes,
        messages = messages + NEW.stored_messages - OLD.stored_messages WHERE owner = NEW.owner;
END;
CREATE TRIGGER sessions_stored_owner AFTER UPDATE OF owner ON sessions WHEN OLD.owner <> NEW.owner BEGIN
    UPDATE user_storage SET bytes = bytes - NEW.stored_bytes, messages = messages - NEW.stored_messages,
        sessions = sessions - 1, reserved_bytes = reserved_bytes
            - (SELECT coalesce(sum(reserved_bytes), 0) FROM turns WHERE session_id = NEW.id AND ended_at IS NULL)
        WHERE owner = OLD.owner;
    INSERT INTO user_storage (owner, bytes, reserved_bytes, messages, sessions) VALUES (NEW.owner, 0, 0, 0, 0)
        ON CONFLICT (owner) DO NOTHING;
    UPDATE user_storage SET bytes = bytes + NEW.stored_bytes, messages = messages + NEW.stored_messages,
        sessions = sessions + 1, reserved_bytes = reserved_bytes
            + (SELECT coalesce(sum(reserved_bytes), 0) FROM turns WHERE session_id = NEW.id AND ended_at IS NULL)
        WHERE owner = NEW.owner;
END;
-- Before, because what is in the session goes after the row that knows its sum.
CREATE TRIGGER sessions_stored_delete BEFORE DELETE ON sessions BEGIN
    UPDATE user_storage SET bytes = bytes - OLD.stored_bytes, messages = messages - OLD.stored_messages,
        sessions = sessions - 1, reserved_bytes = reserved_bytes
            - (SELECT coalesce(sum(reserved_bytes), 0) FROM turns WHERE session_id = OLD.id AND ended_at IS NULL)
        WHERE owner = OLD.owner;
END;

-- From a row to its session; nothing is left to count where that has gone.
CREATE TRIGGER messages_stored_insert AFTER INSERT ON messages BEGIN
    UPDATE sessions SET stored_messages = stored_messages + 1,
        stored_bytes = stored_bytes + length(CAST(NEW.content AS BLOB)) WHERE id = NEW.session_id;
END;
CREATE TRIGGER messages_stored_update AFTER UPDATE OF content ON messages BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes
        + length(CAST(NEW.content AS BLOB)) - length(CAST(OLD.content AS BLOB)) WHERE id = NEW.session_id;
END;
CREATE TRIGGER messages_stored_delete AFTER DELETE ON messages BEGIN
    UPDATE sessions SET stored_messages = stored_messages - 1,
        stored_bytes = stored_bytes - length(CAST(OLD.content AS BLOB)) WHERE id = OLD.session_id;
END;
CREATE TRIGGER turn_events_stored_insert AFTER INSERT ON turn_events BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes + length(NEW.frames)
        WHERE id = (SELECT session_id FROM turns WHERE id = NEW.turn_id);
END;
CREATE TRIGGER turn_events_stored_delete AFTER DELETE ON turn_events BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes - length(OLD.frames)
        WHERE id = (SELECT session_id FROM turns WHERE id = OLD.turn_id);
END;
CREATE TRIGGER attempts_stored_insert AFTER INSERT ON attempts BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes + length(CAST(NEW.text AS BLOB))
        WHERE id = (SELECT session_id FROM turns WHERE id = NEW.turn_id);
END;
CREATE TRIGGER attempts_stored_delete AFTER DELETE ON attempts BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes - length(CAST(OLD.text AS BLOB))
        WHERE id = (SELECT session_id FROM turns WHERE id = OLD.turn_id);
END;
CREATE TRIGGER session_focus_stored_insert AFTER INSERT ON session_focus BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes + length(CAST(NEW.plan AS BLOB)) WHERE id = NEW.session_id;
END;
CREATE TRIGGER session_focus_stored_update AFTER UPDATE OF plan ON session_focus BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes
        + length(CAST(NEW.plan AS BLOB)) - length(CAST(OLD.plan AS BLOB)) WHERE id = NEW.session_id;
END;
CREATE TRIGGER session_focus_stored_delete AFTER DELETE ON session_focus BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes - length(CAST(OLD.plan AS BLOB)) WHERE id = OLD.session_id;
END;
CREATE TRIGGER session_summaries_stored_insert AFTER INSERT ON session_summaries BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes + length(CAST(NEW.summary AS BLOB)) WHERE id = NEW.session_id;
END;
CREATE TRIGGER session_summaries_stored_update AFTER UPDATE OF summary ON session_summaries BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes
        + length(CAST(NEW.summary AS BLOB)) - length(CAST(OLD.summary AS BLOB)) WHERE id = NEW.session_id;
END;
CREATE TRIGGER session_summaries_stored_delete AFTER DELETE ON session_summaries BEGIN
    UPDATE sessions SET stored_bytes = stored_bytes - length(CAST(OLD.summary AS BLOB)) WHERE id = OLD.session_id;
END;

-- What a turn holds is given back when it ends.
CREATE TRIGGER turns_reserved_update AFTER UPDATE OF reserved_bytes, ended_at ON turns
WHEN iif(NEW.ended_at IS NULL, NEW.reserved_bytes, 0) <> iif(OLD.ended_at IS NULL, OLD.reserved_bytes, 0) BEGIN
    UPDATE user_storage SET reserved_bytes = reserved_bytes
        + iif(NEW.ended_at IS NULL, NEW.reserved_bytes, 0) - iif(OLD.ended_at IS NULL, OLD.reserved_bytes, 0)
        WHERE owner = (SELECT owner FROM sessions WHERE id = NEW.session_id);
END;
