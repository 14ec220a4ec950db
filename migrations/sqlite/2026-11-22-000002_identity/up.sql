-- Bearer tokens. Only the SHA-256 of a token is stored (hexadecimal). `observes` says whose sessions its user may
-- read besides: nobody's (null), everybody's (`*`), or those of a JSON list of users. Rows stay after a revocation.
CREATE TABLE api_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT,
    observes TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_tokens_by_revocation ON api_tokens (revoked_at) WHERE revoked_at IS NOT NULL;

-- Who may read a session besides its owner.
CREATE TABLE session_observers (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    observer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, observer)
) WITHOUT ROWID;
CREATE INDEX session_observers_by_observer ON session_observers (observer, session_id);

-- Single-use tickets for one stream each: their SHA-256, the path they open, and as whom (JSON).
CREATE TABLE stream_tickets (
    hash TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    path TEXT NOT NULL,
    bearer TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX stream_tickets_by_owner ON stream_tickets (owner, expires_at);
CREATE INDEX stream_tickets_by_expiry ON stream_tickets (expires_at);
