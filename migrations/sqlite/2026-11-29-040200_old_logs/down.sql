DROP TABLE turn_reasoning;
DROP INDEX turns_with_log;
ALTER TABLE turns DROP COLUMN log_state;
