-- What the last call of a turn wrote is the end of the turn's log: where this is true, `text` is empty, and the log tells
-- it. So a long reply is not written once more in the transaction that ends it.
ALTER TABLE attempts ADD COLUMN text_in_log BOOLEAN NOT NULL DEFAULT FALSE;
