-- Further calls for a reply, and plans that are made behind an answer, count apart. A CHECK can only be changed with its
-- table.
CREATE TABLE usage_days_by_purpose (
    owner TEXT NOT NULL,
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('reply', 'retry', 'focus', 'review', 'summary')),
    calls BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (owner, day, provider, model, purpose)
) WITHOUT ROWID;
INSERT INTO usage_days_by_purpose SELECT owner, day, provider, model, purpose, calls, input_tokens, output_tokens
    FROM usage_days;
DROP TABLE usage_days;
ALTER TABLE usage_days_by_purpose RENAME TO usage_days;

-- Tokens that are held for a call until it has ended: those of its prompt, and what its reply may have. `call` is the
-- turn's id, since a turn has one call at a time, or the id of a question of the agent's own. A row that a crash leaves
-- goes with the turn, which is taken up; that of a question becomes usage: its prompt was read.
CREATE TABLE token_reservations (
    call TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    tokens BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX token_reservations_by_owner ON token_reservations (owner);
