-- Asked for without a value: a statement that names a value is prepared anew for each, as long as an index depends on it.
DROP INDEX turns_streaming;
CREATE INDEX turns_not_ended ON turns (session_id) WHERE ended_at IS NULL;
