DROP INDEX turns_by_revision;
ALTER TABLE turns DROP COLUMN revision;

DROP INDEX messages_by_revision;
ALTER TABLE messages DROP COLUMN revision;
ALTER TABLE messages DROP COLUMN created_revision;

ALTER TABLE sessions DROP COLUMN resumable_from;
ALTER TABLE sessions DROP COLUMN fields_revision;
