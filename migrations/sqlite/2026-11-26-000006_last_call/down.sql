ALTER TABLE attempts DROP COLUMN text_in_log;
