DROP TABLE idempotency_keys;
DROP TABLE commit_batches;
DROP TABLE turn_events;
DROP TABLE turns;
DROP TABLE messages;
DROP TABLE sessions;
