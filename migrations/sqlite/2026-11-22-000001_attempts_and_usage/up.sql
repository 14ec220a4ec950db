-- Every call to a provider, also those that failed: what it was asked for, what came, what it cost. `text` is
-- what this call wrote; a call whose text became void keeps it here.
CREATE TABLE attempts (
    turn_id TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('start', 'continue', 'restart')),
    outcome TEXT NOT NULL,
    text TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    usage_source TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (turn_id, number)
) WITHOUT ROWID;

-- Tokens by user and UTC day. Outlives the sessions they were spent in.
CREATE TABLE usage_days (
    owner TEXT NOT NULL,
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('reply', 'focus', 'summary')),
    calls BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (owner, day, provider, model, purpose)
) WITHOUT ROWID;

-- What the learner asked of the provider (temperature and the like), as JSON.
ALTER TABLE turns ADD COLUMN parameters TEXT;

-- Why a reply failed, so that a page that is loaded later can say it.
ALTER TABLE messages ADD COLUMN error_code TEXT;
UPDATE messages SET error_code = (
    SELECT error_code FROM turns WHERE turns.message_id = messages.id ORDER BY turns.id DESC LIMIT 1
) WHERE status = 'failed';
