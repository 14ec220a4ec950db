DROP TABLE session_summaries;
DROP TABLE learner_topics;
DROP TABLE learners;
DROP TABLE session_focus;
