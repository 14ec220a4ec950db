-- Accounts that the operator wants deleted. The server looks for them, carries them out, and takes the row away.
CREATE TABLE account_deletions (
    owner TEXT NOT NULL PRIMARY KEY,
    asked_at BIGINT NOT NULL
) WITHOUT ROWID;
