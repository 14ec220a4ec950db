-- Numbers that a start has left out of a log that goes on, because readers may have seen events of these numbers that
-- are not stored: those after `after_number` up to `last_number`. No event ever has one of them.
CREATE TABLE log_gaps (
    turn_id TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    after_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    PRIMARY KEY (turn_id, after_number)
) WITHOUT ROWID;
