-- All that is a user's is read session by session.
CREATE INDEX sessions_by_owner_and_id ON sessions (owner, id);
