DROP TABLE session_readers;
ALTER TABLE messages DROP COLUMN edited;
ALTER TABLE messages DROP COLUMN source;
