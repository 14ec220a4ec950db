-- Ids are UUIDv7 as text, times are milliseconds since the Unix epoch, JSON is text.

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    subject TEXT,
    learner_profile TEXT,
    revision BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_owner ON sessions (owner, updated_at DESC, id);

-- `position` orders the messages of a session. Several assistant messages with one `reply_to` are
-- alternatives: the newest is the one the conversation goes on from.
CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'failed', 'interrupted')),
    finish_reason TEXT,
    input_tokens BIGINT,
    output_tokens BIGINT,
    usage_source TEXT,
    reply_to TEXT,
    client_message_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (session_id, position)
);

-- A turn is one user message and what was done to answer it. A reply that is continued or regenerated is a
-- further turn; `message_id` is the assistant message the turn writes.
CREATE TABLE turns (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_message_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'failed', 'interrupted')),
    attempt INTEGER NOT NULL DEFAULT 1,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    finish_reason TEXT,
    error_code TEXT,
    input_tokens BIGINT,
    output_tokens BIGINT,
    usage_source TEXT,
    last_number BIGINT NOT NULL DEFAULT 0,
    -- When the turn was last taken up after a restart: the guard against a crash loop.
    resumed_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX turns_by_message ON turns (message_id, created_at);
CREATE INDEX turns_by_session ON turns (session_id, created_at);
CREATE INDEX turns_streaming ON turns (session_id) WHERE status = 'streaming';

-- The log of a turn as it was sent: whole SSE frames of the events first_number to last_number.
CREATE TABLE turn_events (
    turn_id TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    frames BLOB NOT NULL,
    PRIMARY KEY (turn_id, first_number)
) WITHOUT ROWID;

-- One row per group commit: the new frames of every live turn. Rows live until the frames in them stand in
-- turn_events; after a crash they rebuild the turns that were live.
CREATE TABLE commit_batches (
    id INTEGER NOT NULL PRIMARY KEY,
    frames BLOB NOT NULL
);

CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    turn_id TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_turn ON idempotency_keys (turn_id);
