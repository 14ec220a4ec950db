-- Who wrote a message: the model, the learner by sending it, a person who observes, or the API beside any turn.
-- `edited`: its text is not the one that it was stored with.
ALTER TABLE messages ADD COLUMN source TEXT NOT NULL DEFAULT 'model';
ALTER TABLE messages ADD COLUMN edited BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE messages SET source = CASE
    WHEN EXISTS (SELECT 1 FROM turns WHERE turns.session_id = messages.session_id AND turns.message_id = messages.id) THEN 'model'
    WHEN EXISTS (SELECT 1 FROM turns WHERE turns.session_id = messages.session_id AND turns.user_message_id = messages.id) THEN 'learner'
    ELSE 'import'
END;

-- Who has read a session by a claim of the identity provider, which nothing else here tells.
CREATE TABLE session_readers (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    reader TEXT NOT NULL,
    first_read_at BIGINT NOT NULL,
    last_read_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, reader)
) WITHOUT ROWID;
