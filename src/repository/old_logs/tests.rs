use diesel::connection::SimpleConnection;
use diesel_migrations::MigrationHarness;

use super::*;
use crate::repository::open::MIGRATIONS;

/// A database with a turn whose log has this many rows, and another one with one row.
fn database(rows: usize) -> (SqliteConnection, TurnId, TurnId) {
    let mut connection = SqliteConnection::establish(":memory:").expect("a database");
    connection.run_pending_migrations(MIGRATIONS).expect("migrations");
    let (old, young) = (TurnId::new(), TurnId::new());
    let mut sql =
        "INSERT INTO sessions (id, owner, title, created_at, updated_at) VALUES ('s', 'a', '', 1, 1);"
            .to_owned();
    for (turn, rows) in [(old, rows), (young, 1)] {
        sql += &format!(
            "INSERT INTO turns (id, session_id, user_message_id, message_id, status, provider, model, created_at, ended_at) \
             VALUES ('{turn}', 's', 'q', 'r', 'complete', 'p', 'm', 1, 2);"
        );
        for number in 1..=rows {
            sql += &format!("INSERT INTO turn_events VALUES ('{turn}', {number}, {number}, x'00');");
        }
    }
    connection.batch_execute(&sql).expect("rows");
    (connection, old, young)
}

fn going(turn_id: TurnId, reasoning: &str) -> GoingLog {
    GoingLog {
        turn_id,
        reasoning: reasoning.to_owned(),
    }
}

#[test]
fn a_log_is_read_no_more_from_the_first_step_on_and_goes_row_by_row() {
    let (mut connection, old, young) = database(5);
    assert!(has_number(&mut connection, old, 5).expect("an answer"));
    for (step, gone) in [2, 2, 1].into_iter().enumerate() {
        let reasoning = if step == 0 { "thought" } else { "" };
        let deleted = delete_some(&mut connection, &going(old, reasoning), 2).expect("a step");
        assert_eq!(deleted, gone);
        assert!(!is_there(&mut connection, old).expect("an answer"));
        assert!(
            next_segment(&mut connection, old, 0)
                .expect("an answer")
                .is_none()
        );
        assert!(!has_number(&mut connection, old, 5).expect("an answer"));
    }
    let state = turns::table.find(old).select(turns::log_state);
    assert_eq!(state.get_result::<i32>(&mut connection).expect("a state"), GONE);
    let kept = turn_reasoning::table.select(turn_reasoning::reasoning);
    assert_eq!(kept.load::<String>(&mut connection).expect("rows"), ["thought"]);
    assert!(
        next_segment(&mut connection, young, 0)
            .expect("an answer")
            .is_some()
    );
}

#[test]
fn a_step_that_is_repeated_keeps_what_was_thought_once() {
    let (mut connection, old, _) = database(3);
    for _ in 0..3 {
        delete_some(&mut connection, &going(old, "thought"), 1).expect("a step");
    }
    assert_eq!(
        turn_reasoning::table
            .count()
            .get_result::<i64>(&mut connection)
            .expect("a count"),
        1
    );
}
