DROP TABLE token_reservations;
CREATE TABLE usage_days_before (
    owner TEXT NOT NULL,
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('reply', 'focus', 'summary')),
    calls BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (owner, day, provider, model, purpose)
) WITHOUT ROWID;
INSERT INTO usage_days_before SELECT owner, day, provider, model,
    CASE purpose WHEN 'retry' THEN 'reply' WHEN 'review' THEN 'focus' ELSE purpose END,
    sum(calls), sum(input_tokens), sum(output_tokens) FROM usage_days GROUP BY 1, 2, 3, 4, 5;
DROP TABLE usage_days;
ALTER TABLE usage_days_before RENAME TO usage_days;
