DROP INDEX turns_not_ended;
CREATE INDEX turns_streaming ON turns (session_id) WHERE status = 'streaming';
