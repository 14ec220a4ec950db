-- What a session feed is resumed from: each row knows the revision of its session that it last changed with.
-- Sessions that are older than the feed cannot tell what changed before: `resumable_from` says so. It moves on,
-- too, when revisions that readers have seen may be lost.
ALTER TABLE sessions ADD COLUMN fields_revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN resumable_from BIGINT NOT NULL DEFAULT 1;
UPDATE sessions SET fields_revision = revision, resumable_from = revision;

ALTER TABLE messages ADD COLUMN created_revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE messages ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
CREATE INDEX messages_by_revision ON messages (session_id, revision);

-- The revision that the turn began with.
ALTER TABLE turns ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
CREATE INDEX turns_by_revision ON turns (session_id, revision);
