//! A user's other name: everything moves, and a new table is a question.

use diesel::connection::SimpleConnection;
use diesel_migrations::MigrationHarness;

use super::super::open::MIGRATIONS;
use super::*;

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Text)]
    place: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn database() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("a database");
    connection.run_pending_migrations(MIGRATIONS).expect("migrations");
    connection
}

fn count(connection: &mut SqliteConnection, rows: &str) -> i64 {
    let query = diesel::sql_query(format!("SELECT count(*) AS count FROM {rows}"));
    query.get_result::<Count>(connection).expect("a count").count
}

/// Every column that names a user.
fn places(connection: &mut SqliteConnection) -> Vec<String> {
    let query = "SELECT m.name || '.' || c.name AS place FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND c.name IN ('owner', 'observer', 'reader', 'user') ORDER BY 1";
    let found = diesel::sql_query(query)
        .load::<Place>(connection)
        .expect("columns");
    found.into_iter().map(|row| row.place).collect()
}

#[test]
fn each_column_that_names_a_user_has_its_statement() {
    // How much of the rate of this minute is taken goes by itself; tokens are held for replies that are being written, and
    // a deletion that was asked for is of the old name.
    let left_alone = [
        "account_deletions.owner",
        "request_rates.owner",
        "token_reservations.owner",
    ];
    for place in places(&mut database()) {
        let (table, column) = place.split_once('.').expect("two names");
        let is_in = |statements: &[&str]| {
            let named =
                |statement: &&str| statement.contains(&format!(" {table} ")) && statement.contains(column);
            statements.iter().any(named)
        };
        let told = is_in(MOVES) || is_in(LEFT) || left_alone.contains(&&*place);
        assert!(told, "{place}");
    }
}

const ROWS: &str = "
    INSERT INTO sessions (id, owner, title, created_at, updated_at) VALUES ('s1', 'local', 'one', 1, 1),
        ('s2', 'alice', 'two', 1, 1), ('s3', 'bob', 'three', 1, 1);
    INSERT INTO messages (id, session_id, position, role, content, status, created_at, updated_at)
        VALUES ('m1', 's1', 1, 'user', 'Why?', 'complete', 1, 1);
    INSERT INTO learners (owner, level, tracking, updated_at) VALUES ('local', 'grade 8', 1, 1), ('alice', 'grade 9', 1, 1);
    INSERT INTO learner_topics (owner, subject, topic, mastery, evidence, updated_at)
        VALUES ('local', '', 'sky', 500, '[]', 1), ('local', '', 'sea', 400, '[]', 1), ('alice', '', 'sky', 900, '[]', 1);
    INSERT INTO session_observers (session_id, observer, created_at) VALUES ('s1', 'alice', 1), ('s3', 'local', 1);
    INSERT INTO usage_days (owner, day, provider, model, purpose, calls, input_tokens, output_tokens)
        VALUES ('local', '2026-11-29', 'p', 'm', 'reply', 1, 10, 20), ('alice', '2026-11-29', 'p', 'm', 'reply', 2, 1, 2);
";

#[test]
fn all_that_is_a_users_moves_and_what_the_other_says_of_the_same_stays() {
    let mut connection = database();
    connection.batch_execute(ROWS).expect("rows");
    rename(&mut connection, "local", "alice").expect("a new name");
    for (rows, wanted) in [
        ("sessions WHERE owner = 'alice'", 2),
        ("learners WHERE owner = 'alice' AND level = 'grade 9'", 1),
        ("learner_topics WHERE owner = 'alice'", 2),
        ("learner_topics WHERE topic = 'sky' AND mastery = 900", 1),
        (
            "session_observers WHERE observer = 'alice' AND session_id = 's3'",
            1,
        ),
        ("session_observers", 1),
        (
            "usage_days WHERE owner = 'alice' AND calls = 3 AND input_tokens = 11 AND output_tokens = 22",
            1,
        ),
        (
            "user_storage WHERE owner = 'alice' AND sessions = 2 AND messages = 1",
            1,
        ),
        ("sessions WHERE owner = 'bob'", 1),
    ] {
        assert_eq!(count(&mut connection, rows), wanted, "{rows}");
    }
    for place in places(&mut connection) {
        let (table, column) = place.split_once('.').expect("two names");
        let left = count(&mut connection, &format!("{table} WHERE {column} = 'local'"));
        assert_eq!(left, 0, "{place}");
    }
    assert!(!owns_rows(&mut connection, "local").expect("an answer"));
}

#[test]
fn a_user_for_whom_a_reply_is_being_written_keeps_the_name() {
    let mut connection = database();
    let turn = "INSERT INTO turns (id, session_id, user_message_id, message_id, status, provider, model, created_at) \
         VALUES ('t1', 's2', 'm', 'm', 'streaming', 'p', 'm', 1)";
    connection.batch_execute(ROWS).expect("rows");
    connection.batch_execute(turn).expect("a turn");
    for (from, to) in [("alice", "carol"), ("local", "alice")] {
        let refused = rename(&mut connection, from, to);
        assert!(matches!(refused, Err(RepositoryError::UserBusy)), "{refused:?}");
    }
    assert_eq!(count(&mut connection, "sessions WHERE owner = 'alice'"), 1);
}
