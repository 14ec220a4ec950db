ALTER TABLE messages DROP COLUMN error_code;
ALTER TABLE turns DROP COLUMN parameters;
DROP TABLE usage_days;
DROP TABLE attempts;
