-- What users have taken of their request rate, as the moment when nothing of it will be taken any more.
CREATE TABLE request_rates (
    owner TEXT NOT NULL PRIMARY KEY,
    full_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX request_rates_by_time ON request_rates (full_at);
