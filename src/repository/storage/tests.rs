use diesel::connection::SimpleConnection;
use diesel_migrations::MigrationHarness;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::repository::open::MIGRATIONS;

fn database() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("a database");
    connection.run_pending_migrations(MIGRATIONS).expect("migrations");
    connection
        .batch_execute("PRAGMA foreign_keys = ON")
        .expect("foreign keys");
    connection
}

fn add_session(connection: &mut SqliteConnection, owner: &str) -> Result<(), RepositoryError> {
    let id = uuid::Uuid::now_v7();
    let sql = format!(
        "INSERT INTO sessions (id, owner, title, created_at, updated_at) VALUES ('{id}', '{owner}', 'four', 1, 1)"
    );
    Ok(connection.batch_execute(&sql)?)
}

fn limits(bytes: u64, sessions: u64) -> StorageLimits {
    StorageLimits {
        bytes: Some(bytes),
        sessions: Some(sessions),
        ..StorageLimits::default()
    }
}

#[test]
fn what_fits_exactly_is_stored_and_one_more_is_not() {
    let mut connection = database();
    for (most, bound) in [
        (limits(8, 9), StorageBound::Bytes(8)),
        (limits(99, 2), StorageBound::Sessions(2)),
    ] {
        let owner = format!("{bound:?}");
        let mut add = || {
            within(&mut connection, (&owner, &most), |connection| {
                add_session(connection, &owner)
            })
        };
        assert!(add().is_ok() && add().is_ok());
        assert!(matches!(add(), Err(RepositoryError::StorageFull(found)) if found == bound));
    }
}

#[test]
fn who_is_past_a_limit_may_still_change_what_makes_it_no_worse() {
    let mut connection = database();
    (0..3).for_each(|_| add_session(&mut connection, "a").expect("no limit"));
    let tight = limits(5, 1);
    for statement in [
        "UPDATE sessions SET title = 'new!'",
        "UPDATE sessions SET title = 'x'",
        "DELETE FROM sessions WHERE rowid = 1",
    ] {
        let work = |connection: &mut SqliteConnection| Ok(connection.batch_execute(statement)?);
        assert!(
            within(&mut connection, ("a", &tight), work).is_ok(),
            "{statement}"
        );
    }
    let grow = |connection: &mut SqliteConnection| {
        Ok(connection.batch_execute("UPDATE sessions SET title = 'longer than before'")?)
    };
    assert!(within(&mut connection, ("a", &tight), grow).is_err());
}

/// A change of any kind to the rows that are counted.
#[derive(Clone, Debug)]
enum Step {
    Session(Index),
    Message(Index, String),
    Turn(Index, i64),
    Log(Index, Vec<u8>),
    Attempt(Index, String),
    Reasoning(Index, String),
    Plan(Index, String),
    Summary(Index, String),
    Edit(Index, String),
    Rename(Index, String),
    End(Index),
    Give(Index, Index),
    Forget(Index, usize),
    Delete(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let place = any::<Index>;
    let text = || "[a-zé漢]{0,9}";
    prop_oneof![
        place().prop_map(Step::Session),
        (place(), text()).prop_map(|(at, text)| Step::Message(at, text)),
        (place(), 0..99_i64).prop_map(|(at, held)| Step::Turn(at, held)),
        (place(), any::<Vec<u8>>()).prop_map(|(at, frames)| Step::Log(at, frames)),
        (place(), text()).prop_map(|(at, text)| Step::Attempt(at, text)),
        (place(), text()).prop_map(|(at, text)| Step::Reasoning(at, text)),
        (place(), text()).prop_map(|(at, text)| Step::Plan(at, text)),
        (place(), text()).prop_map(|(at, text)| Step::Summary(at, text)),
        (place(), text()).prop_map(|(at, text)| Step::Edit(at, text)),
        (place(), text()).prop_map(|(at, text)| Step::Rename(at, text)),
        place().prop_map(Step::End),
        (place(), place()).prop_map(|(at, to)| Step::Give(at, to)),
        (place(), 0..4_usize).prop_map(|(at, table)| Step::Forget(at, table)),
        place().prop_map(Step::Delete),
    ]
}

const OWNERS: [&str; 3] = ["ann", "bob", "zoë"];
const A_SESSION: &str =
    "(SELECT id FROM sessions ORDER BY id LIMIT 1 OFFSET {at} % max(1, (SELECT count(*) FROM sessions)))";
const A_TURN: &str =
    "(SELECT id FROM turns ORDER BY id LIMIT 1 OFFSET {at} % max(1, (SELECT count(*) FROM turns)))";

impl Step {
    /// Does nothing where there is no row to do it to.
    #[expect(clippy::too_many_lines, reason = "one statement for each step")]
    fn statement(&self, number: usize) -> String {
        let at = |place: &Index, pick: &str| pick.replace("{at}", &place.index(1000).to_string());
        match self {
            Self::Session(to) => format!(
                "INSERT INTO sessions (id, owner, title, subject, learner_profile, created_at, updated_at) \
                 VALUES ('s{number}', '{}', 'tïtle', 'maths', '{{}}', 1, 1)",
                OWNERS[to.index(3)]
            ),
            Self::Message(place, text) => format!(
                "INSERT INTO messages (id, session_id, position, role, content, status, created_at, updated_at) \
                 SELECT 'm{number}', id, {number}, 'user', '{text}', 'complete', 1, 1 FROM sessions WHERE id = {}",
                at(place, A_SESSION)
            ),
            Self::Turn(place, held) => format!(
                "INSERT INTO turns (id, session_id, user_message_id, message_id, status, provider, model, created_at) \
                 SELECT 't{number}', id, 'm', 'm', 'streaming', 'p', 'm', 1 FROM sessions WHERE id = {}; \
                 UPDATE turns SET reserved_bytes = {held} WHERE id = 't{number}'",
                at(place, A_SESSION)
            ),
            Self::Log(place, frames) => {
                let frames: String = frames.iter().map(|byte| format!("{byte:02x}")).collect();
                let turn = at(place, A_TURN);
                format!(
                    "INSERT INTO turn_events SELECT id, {number}, {number}, x'{frames}' FROM turns WHERE id = {turn}"
                )
            }
            Self::Attempt(place, text) => format!(
                "INSERT INTO attempts (turn_id, number, provider, model, mode, outcome, text, input_tokens, output_tokens, \
                 usage_source, started_at, ended_at) \
                 SELECT id, {number}, 'p', 'm', 'start', 'complete', '{text}', 1, 1, 'reported', 1, 1 FROM turns WHERE id = {}",
                at(place, A_TURN)
            ),
            Self::Reasoning(place, text) => format!(
                "INSERT INTO turn_reasoning SELECT id, '{text}' FROM turns WHERE id = {} ON CONFLICT DO NOTHING",
                at(place, A_TURN)
            ),
            Self::Plan(place, text) => format!(
                "INSERT INTO session_focus SELECT id, {number}, 1, 'planned', 1, '{text}', 1 FROM sessions WHERE id = {}",
                at(place, A_SESSION)
            ),
            Self::Summary(place, text) => format!(
                "INSERT INTO session_summaries SELECT id, 1, '{text}', 1 FROM sessions WHERE id = {} \
                 ON CONFLICT (session_id) DO UPDATE SET summary = excluded.summary",
                at(place, A_SESSION)
            ),
            Self::Edit(place, text) => {
                format!(
                    "UPDATE messages SET content = '{text}' WHERE session_id = {}",
                    at(place, A_SESSION)
                )
            }
            Self::Rename(place, text) => format!(
                "UPDATE sessions SET title = '{text}', subject = NULL, learner_profile = '{text}' WHERE id = {}",
                at(place, A_SESSION)
            ),
            Self::End(place) => format!("UPDATE turns SET ended_at = 2 WHERE id = {}", at(place, A_TURN)),
            Self::Give(place, to) => {
                let (to, session) = (OWNERS[to.index(3)], at(place, A_SESSION));
                format!("UPDATE sessions SET owner = '{to}' WHERE id = {session}")
            }
            Self::Forget(place, table) => {
                let table = ["messages", "session_focus", "session_summaries", "turn_events"][*table];
                let (column, row) = match table {
                    "turn_events" => ("turn_id", A_TURN),
                    _ => ("session_id", A_SESSION),
                };
                format!("DELETE FROM {table} WHERE {column} = {}", at(place, row))
            }
            Self::Delete(place) => format!("DELETE FROM sessions WHERE id = {}", at(place, A_SESSION)),
        }
    }
}

/// What a user stores, from the rows alone.
fn recount(connection: &mut SqliteConnection, owner: &str) -> StorageUse {
    let own = format!("SELECT id FROM sessions WHERE owner = '{owner}'");
    let turns = format!("SELECT id FROM turns WHERE session_id IN ({own})");
    let mut number = |sql: &str| {
        let sql = sql.replace("OWN", &own).replace("TURNS", &turns);
        diesel::sql_query(format!("SELECT CAST(total(n) AS INTEGER) AS n FROM ({sql})"))
            .get_result::<Number>(connection)
            .expect("a number")
            .n
    };
    let texts = [
        "SELECT octet_length(content) AS n FROM messages WHERE session_id IN (OWN)",
        "SELECT octet_length(plan) AS n FROM session_focus WHERE session_id IN (OWN)",
        "SELECT octet_length(summary) AS n FROM session_summaries WHERE session_id IN (OWN)",
        "SELECT octet_length(frames) AS n FROM turn_events WHERE turn_id IN (TURNS)",
        "SELECT octet_length(text) AS n FROM attempts WHERE turn_id IN (TURNS)",
        "SELECT octet_length(reasoning) AS n FROM turn_reasoning WHERE turn_id IN (TURNS)",
        "SELECT octet_length(concat(title, subject, learner_profile)) AS n FROM sessions WHERE id IN (OWN)",
    ];
    StorageUse {
        bytes: texts.iter().map(|sql| number(sql)).sum(),
        reserved_bytes: number(
            "SELECT reserved_bytes AS n FROM turns WHERE ended_at IS NULL AND id IN (TURNS)",
        ),
        messages: number("SELECT 1 AS n FROM messages WHERE session_id IN (OWN)"),
        sessions: number("SELECT 1 AS n FROM sessions WHERE id IN (OWN)"),
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

proptest! {
    #[test]
    fn after_any_changes_the_sums_are_what_the_rows_say(steps in proptest::collection::vec(step(), 1..60)) {
        let mut connection = database();
        for (number, step) in steps.iter().enumerate() {
            let statement = step.statement(number);
            connection.batch_execute(&statement).map_err(|error| TestCaseError::fail(format!("{statement}: {error}")))?;
        }
        for owner in OWNERS {
            prop_assert_eq!(used(&mut connection, owner)?, recount(&mut connection, owner), "{}", owner);
        }
    }
}
