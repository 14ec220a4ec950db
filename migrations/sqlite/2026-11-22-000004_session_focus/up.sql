-- What a session works on, one row for each version of the plan. `position` is the place of the newest message
-- that the plan knows: a reply to a message is written by the newest plan that knows nothing later.
CREATE TABLE session_focus (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    position BIGINT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('planned', 'fallback')),
    -- The place of the message that the plan was last made, not only carried on, for.
    planned_at BIGINT NOT NULL,
    plan TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, version)
) WITHOUT ROWID;

-- What a learner says of themself, over all sessions. No row: nothing said, and tracking is on.
CREATE TABLE learners (
    owner TEXT NOT NULL PRIMARY KEY,
    level TEXT,
    goals TEXT,
    language TEXT,
    tracking INTEGER NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL
) WITHOUT ROWID;

-- How well a learner masters a topic: 0 to 1000. `subject` is empty where the session has none. `evidence` is a JSON
-- array of message ids.
CREATE TABLE learner_topics (
    owner TEXT NOT NULL,
    subject TEXT NOT NULL,
    topic TEXT NOT NULL,
    mastery INTEGER NOT NULL CHECK (mastery BETWEEN 0 AND 1000),
    evidence TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (owner, subject, topic)
) WITHOUT ROWID;

-- The messages of a session up to and with `position`, told in short.
CREATE TABLE session_summaries (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    summary TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
