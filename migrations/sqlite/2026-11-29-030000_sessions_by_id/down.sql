DROP INDEX sessions_by_owner_and_id;
