DROP TABLE stream_tickets;
DROP TABLE session_observers;
DROP TABLE api_tokens;
