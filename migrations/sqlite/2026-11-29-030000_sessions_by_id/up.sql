-- All that is a user's is read session by session. An id is unique by itself; said so, the rows of one session after
-- another need no sorting.
CREATE UNIQUE INDEX sessions_by_owner_and_id ON sessions (owner, id);
